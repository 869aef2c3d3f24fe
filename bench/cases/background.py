"""Measures work in the background: noticing that a run has ended, and sending messages."""

import asyncio
import random
import time
from itertools import pairwise

from bench.goals import AGAIN
from bench.load import as_series, rotated
from bench.processes import Broken, cpu_seconds
from bench.results import BY_EVENTS, IN_REDIS, OURS, Series, single
from bench.setups import REDIS
from bench.stage import Inside, Stage
from bench.stats import Round, of_turn

NOTIFY = ("-m", "bot", "notify")
SLOW = 0.05  # seconds that the stub of Slack takes for an answer when it is slow
# Seconds before a result, at most. The wait is random, because otherwise the watcher would always be at the same point.
LONGEST_WAIT = 0.4
PATIENCE = 20.0  # seconds
LOOP, LIMITED = "bare loop", "with one channel limited"
ASKING = "asking first who reads each channel"


async def final(scene: Stage) -> list[Series]:
    """The time from the moment at which a result can be read until its message is posted; and what waiting costs."""
    found = await _finals(scene, OURS)
    if scene.setup.broker.startswith("redis"):
        found += await _finals(scene, IN_REDIS, "backend", CELERY_RESULT_BACKEND=REDIS)
    if scene.setup.broker:
        found += await _finals(scene, BY_EVENTS, "events", RUNTASK_OUTCOMES="events")
    return found


async def _finals(scene: Stage, name: str, source: str = "rows", **environment: str) -> list[Series]:
    mode = scene.mode
    pid = scene.processes.start(name, scene.environment(name, **environment), *NOTIFY)
    rounds = []
    async with scene.inside("rows", "rows") as rows:
        idle = [await _share(pid, mode.idle)]
        for _ in range(mode.rounds):
            prefix, count = f"final{scene.stub.number()}-", max(2, mode.finishes // mode.rounds)
            await rows.ask("runs", prefix, count, source)
            rounds.append(of_turn([await _told(scene, rows, f"{prefix}{at}", source) for at in range(count)]))
    scene.processes.stop(name)
    return [
        Series(experiment="final", what="told", load="", contestant=name, rounds=tuple(rounds)),
        single("final", "share of a core", name, idle, "%", "0 open"),
    ]


async def _told(scene: Stage, rows: Inside, name: str, source: str) -> float:
    await asyncio.sleep(random.uniform(0, LONGEST_WAIT))  # noqa: S311  # no secret
    arrival = scene.stub.expect(name)
    visible: float = await rows.ask("finish", name, source)
    call = await asyncio.wait_for(arrival, PATIENCE)
    return float((call.at - visible) * 1000)


async def _share(pid: int, seconds: float) -> float:
    """The share of a core that a process uses, in percent."""
    await asyncio.sleep(min(2.0, seconds))  # lets work finish that was under way
    before = cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds * 100


async def deliver(scene: Stage) -> list[Series]:
    """Messages a second to many channels: while Slack answers at once, and while it is slow."""
    found: dict[tuple[str, str, str], list[Round]] = {}
    async with scene.inside("rows", "rows") as rows:
        for number in range(max(1, scene.mode.rounds // 2)):  # half of the rounds, as these turns take longest
            for load, delay in (("Slack answers at once", 0.0), (f"Slack takes {SLOW * 1000:.0f} ms", SLOW)):
                scene.stub.delay = delay
                for name in rotated([OURS, LOOP, AGAIN + LOOP, LIMITED, ASKING], number):
                    count = scene.mode.messages // (10 if delay and LOOP in name else 1)
                    prefix = f"d{scene.stub.number()}-"
                    scene.stub.limited = {f"C{prefix}1": 30} if name == LIMITED else {}
                    one = await _delivered(scene, rows, name, prefix, count)
                    found.setdefault(("messages", load, name), []).append(one)
    scene.stub.delay = 0.0
    return as_series("deliver", found)


async def _delivered(scene: Stage, rows: Inside, name: str, prefix: str, count: int) -> Round:
    """Messages a second, from the first message to the last. The process starts when its messages are already due.

    Each message goes to its own channel. By default, runtask first asks Slack about each channel. Here only ASKING does that,
    because the bare loop doesn't.
    """
    if LOOP in name:
        arguments: tuple[str, ...] = ("-m", "bench.apps.post", str(count), prefix)
    else:
        await rows.ask("owed", prefix, count)
        arguments = NOTIFY
    expected = count - len(scene.stub.limited)
    posted = scene.stub.posting(prefix)
    scene.processes.start(
        "deliver", scene.environment("deliver", RUNTASK_EXTERNAL="state" if name == ASKING else "full"), *arguments
    )
    await until_posted(scene, "deliver", posted, expected)
    scene.processes.stop("deliver")
    if LOOP not in name:
        await rows.ask("forget", prefix)
    times = sorted(posted)
    gaps = [(after - before) * 1000 for before, after in pairwise(times)]
    return of_turn(gaps, times[-1] - times[0])


async def until_posted(scene: Stage, name: str, posted: list[float], count: int) -> None:
    """Wait until the process `name` has posted `count` messages. Raises Broken."""
    deadline = time.monotonic() + 60 + count / 10
    while len(posted) < count:
        if time.monotonic() > deadline:
            raise Broken(f"{len(posted)} of {count} messages: {scene.processes.log(name)}")
        await asyncio.sleep(0.02)
