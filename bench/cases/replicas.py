"""Measures what 1, 2 and 4 processes of a kind do in a second on a big installation, and the processor time that it takes."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import redis

from bench import payloads, setups
from bench.cases.background import NOTIFY, SLOW, until_posted
from bench.cases.wire import submitting
from bench.load import closed_loops
from bench.processes import cpu_of_all, cpu_seconds
from bench.results import Series, single
from bench.setups import Setup
from bench.stage import Press, Stage, over_http, stage
from bench.stats import Round, of_turn

REPLICAS = "replicas"  # the experiment's name
COUNTS = (1, 2, 4)
PEOPLE = 64
TOKEN = {"SLACK_BOT_TOKEN": "xoxb-runtask"}  # all replicas need the same token, because it seals forms
LONGEST = 10.0  # seconds of a turn, at most
MESSAGES = 200  # for each second and process; its eight senders send at most 160, because each message takes 50 ms
SUBMISSIONS, DELIVERED, TWICE = "submissions", "messages", "sent twice"
OWN_TIME, DATABASE_TIME = "its processor time for one", "PostgreSQL's processor time for one"


@dataclass(frozen=True)
class Carried:
    """The round of the operations, the milliseconds of processor time as `_used` gives them, and how many messages were sent twice."""

    turn: Round
    used: dict[str, float]
    twice: int


async def replicas(scene: Stage) -> list[Series]:
    seconds = min(LONGEST, scene.mode.steady)
    found: list[Series] = []
    for command, (what, measured) in KINDS.items():
        for count in COUNTS:
            load = processes_in_words(count)
            async with stage(scene.setup, scene.mode) as fresh:
                fresh.stub.delay = SLOW
                one = await measured(fresh, command, count, seconds)
            found.append(Series(experiment=REPLICAS, what=what, load=load, contestant=command, rounds=(one.turn,)))
            found.append(single(REPLICAS, TWICE, command, [one.twice], "messages", load))
            for name, milliseconds in one.used.items():
                found.append(single(REPLICAS, name, command, [milliseconds / one.turn.count], "ms", load))
    return found


async def submissions(scene: Stage, command: str, count: int, seconds: float) -> Carried:
    """Submissions of 64 people, each of whom presses Run again as soon as the form has closed."""
    presses = await (socket_mode if command == SLACK else web)(scene, count)
    operations = [await submitting(scene, press) for press in presses]
    with _used(scene, count) as used:
        answers = await closed_loops(lambda client: operations[client % count](client), PEOPLE, seconds)
    twice = sent(scene.setup) - len(ids(scene.setup))
    scene.processes.stop_all()
    await _forget(scene, payloads.SUBMITTED)
    setups.empty_broker(scene.setup)
    return Carried(answers["closed"], used, twice)


async def deliveries(scene: Stage, _: str, count: int, seconds: float) -> Carried:
    """Deliveries of messages that are all due at the start, each in its own channel.

    runtask asks Slack about each channel once in five minutes. That would double the calls here, where no channel comes twice,
    so it is switched off.
    """
    prefix, messages = f"r{scene.stub.number()}-", int(MESSAGES * count * seconds)
    posted = scene.stub.posting(prefix)
    async with scene.inside("rows", "rows") as rows:
        await rows.ask("owed", prefix, messages)
    for name in names(count):
        scene.processes.start(name, scene.environment(name, RUNTASK_EXTERNAL="full"), *NOTIFY)
    await until_posted(scene, names(count)[0], posted, count * MESSAGES // 10)
    before, begin = len(posted), time.monotonic()
    with _used(scene, count) as used:
        await asyncio.sleep(seconds / 2)
    times, took = posted[before:], time.monotonic() - begin
    await until_posted(scene, names(count)[0], posted, messages)
    scene.processes.stop_all()
    await _forget(scene, prefix)
    gaps = [(after - before) * 1000 for before, after in pairwise([begin, *times])]
    return Carried(of_turn(gaps, took), used, len(posted) - messages)


SLACK = "runtask slack"
KINDS: dict[str, tuple[str, Callable[[Stage, str, int, float], Awaitable[Carried]]]] = {
    SLACK: (SUBMISSIONS, submissions),
    "gunicorn": (SUBMISSIONS, submissions),
    "runtask notify": (DELIVERED, deliveries),
}


def names(count: int) -> list[str]:
    return [f"replica{number}" for number in range(count)]


async def socket_mode(scene: Stage, count: int) -> list[Press]:
    return [await scene.socket_mode(name, "-m", "bot", "slack", **TOKEN) for name in names(count)]


async def web(scene: Stage, count: int) -> list[Press]:
    return [over_http(await scene.site(name, **TOKEN), "/slack/events") for name in names(count)]


def processes_in_words(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def ids(setup: Setup) -> set[str]:
    """The task ids of the messages on Redis. No worker takes them."""
    queue = redis.Redis.from_url(setup.broker)
    return {json.loads(message)["headers"]["id"] for message in queue.lrange("celery", 0, -1)}


def sent(setup: Setup) -> int:
    return int(redis.Redis.from_url(setup.broker).llen("celery"))


@contextmanager
def _used(scene: Stage, count: int) -> Iterator[dict[str, float]]:
    """The milliseconds of processor time of the replicas and of PostgreSQL. The mapping is filled at the end of the block."""

    def now() -> dict[str, float]:
        own = sum(cpu_seconds(scene.processes.pid(name)) for name in names(count))
        return {OWN_TIME: own * 1000, DATABASE_TIME: cpu_of_all("postgres") * 1000}

    used: dict[str, float] = {}
    before = now()
    yield used
    used |= {name: milliseconds - before[name] for name, milliseconds in now().items()}


async def _forget(scene: Stage, prefix: str) -> None:
    async with scene.inside("rows", "rows") as rows:
        await rows.ask("forget", prefix)
