"""Measures a big installation for some minutes, while people press Run at a steady rate."""

import asyncio
import time
from dataclasses import dataclass, field

from bench import payloads
from bench.cases import replicas
from bench.cases.background import SLOW
from bench.cases.wire import schedule
from bench.results import OURS, Series, single
from bench.stage import Inside, Press, Stage, form, meanwhile
from bench.stats import of_turn
from bench.stub import Json

RATE = 50  # submissions a second
PROCESSES = 2  # processes of `runtask slack`
GIVES_UP = 3.0  # seconds after which Slack gives up a submission
LOOK = 5.0  # seconds between two looks at the messages that are due
STEADY = "steady"  # the experiment's name


@dataclass
class Tally:
    """What became of the submissions. `late` counts those without an answer before Slack would have given up."""

    taken: list[float] = field(default_factory=list)  # milliseconds until each answer
    refused: int = 0
    late: int = 0
    oldest: float = 0.0  # the longest time for which a message was due, in seconds


async def steady(scene: Stage) -> list[Series]:
    mode, tally = scene.mode, Tally()
    presses = await replicas.socket_mode(scene, PROCESSES)
    forms = [
        await form(scene, presses[number % PROCESSES], schedule(7), channel=f"C{number}")
        for number in range(mode.channels)
    ]
    scene.stub.delay = SLOW
    lifetime = mode.standing / RATE
    async with scene.inside("growing", "growing") as rows, scene.inside("ending", "growing") as ending:
        await rows.ask("standing", mode.standing, mode.channels, lifetime)
        before = await rows.ask("tables")
        async with meanwhile(_end(tally, ending, lifetime)):
            submitted = await _press(tally, mode.steady, presses, forms)
        after = await rows.ask("tables")
    # A growth of n bytes per run is one of n MB per million runs.
    growth = {name: (after[name] - before[name]) / submitted for name in after}
    messages, unique = replicas.sent(scene.setup), len(replicas.ids(scene.setup))
    wrong = abs(submitted - tally.refused - unique) + messages - unique
    return [
        Series(experiment=STEADY, what="closed", load="", contestant=OURS, rounds=(of_turn(tally.taken, mode.steady),)),
        single(STEADY, "submissions", OURS, [submitted], "submissions"),
        single(STEADY, "refused or late", OURS, [tally.refused + tally.late], "submissions"),
        single(STEADY, "lost or sent twice", OURS, [wrong], "messages"),
        single(STEADY, "oldest message due", OURS, [tally.oldest], "s"),
        *(single(STEADY, "growth per million runs", OURS, [size], "MB", name) for name, size in growth.items()),
    ]


async def _press(tally: Tally, seconds: float, presses: list[Press], forms: list[Json]) -> int:
    """Submit forms at a steady rate. Returns their number when each was answered or late."""
    count = int(seconds * RATE)
    async with asyncio.TaskGroup() as people:
        begin = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / RATE - time.monotonic()))
            people.create_task(_submit(tally, presses[number % PROCESSES], forms[number % len(forms)], number))
    return count


async def _submit(tally: Tally, press: Press, shown: Json, number: int) -> None:
    body = payloads.submission(shown, f"S{number}", payloads.person(0))
    try:
        async with asyncio.timeout(GIVES_UP):
            sent, acknowledged, answer = await press("interactive", body)
    except TimeoutError:
        tally.late += 1
        return
    tally.taken.append((acknowledged - sent) * 1000)
    tally.refused += bool(answer)


async def _end(tally: Tally, ending: Inside, lifetime: float) -> None:
    """End runs after `lifetime` seconds, as if workers had run their tasks. Every LOOK seconds, look at the messages that are due."""
    looked = 0.0
    while True:
        await ending.ask("settle", lifetime)
        if time.monotonic() - looked > LOOK:
            tally.oldest = max(tally.oldest, await ending.ask("oldest"))
            looked = time.monotonic()
        await asyncio.sleep(0.2)
