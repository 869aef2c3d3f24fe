"""How far more processes of a kind carry: what they do in a second, and whose processor time that takes."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import redis

from bench import setups
from bench.cases.background import NOTIFY, until_posted
from bench.cases.wire import submitting
from bench.load import closed_loops
from bench.processes import cpu_of_all, cpu_seconds
from bench.setups import Setup
from bench.stage import Press, Stage, over_http
from bench.stub import Json

PEOPLE = 64
TOKEN = {"SLACK_BOT_TOKEN": "xoxb-runtask"}  # the same for all replicas: it seals what forms carry
MESSAGES = 200  # a second and process, more than eight senders can do at 50 ms each


async def submissions(scene: Stage, kind: str, count: int, seconds: float) -> Json:
    """64 people, each pressing Run as soon as the form has closed; `kind`: slack or web."""
    presses = await (socket_mode if kind == "slack" else web)(scene, count)
    operations = [await submitting(scene, press) for press in presses]
    pids = [scene.processes.pid(name) for name in names(kind, count)]
    with _costs(pids) as used:
        answers = await closed_loops(lambda client: operations[client % count](client), PEOPLE, seconds)
    found = _figures(asdict(answers["closed"]), used)
    found |= {"refused": "refused" in answers, "doubled": sent(scene.setup) - len(ids(scene.setup))}
    scene.processes.stop_all()
    await _forget(scene, "slack:V")
    setups.empty_broker(scene.setup)
    return found


async def deliveries(scene: Stage, kind: str, count: int, seconds: float) -> Json:
    """As many messages as are owed, each to a channel of its own."""
    prefix, messages = f"r{scene.stub.number()}-", int(MESSAGES * count * seconds)
    posted = scene.stub.posting(prefix)
    async with scene.inside("rows", "rows") as rows:
        await rows.ask("owed", prefix, messages)
    pids = [scene.processes.start(name, scene.environment(name), *NOTIFY) for name in names(kind, count)]
    await until_posted(scene, names(kind, count)[0], posted, count * MESSAGES // 10)
    before, begin = len(posted), time.monotonic()
    with _costs(pids) as used:
        await asyncio.sleep(seconds / 2)
    found = {"per_second": (len(posted) - before) / (time.monotonic() - begin), "count": len(posted) - before}
    await until_posted(scene, names(kind, count)[0], posted, messages)
    scene.processes.stop_all()
    await _forget(scene, prefix)
    return {**_figures(found, used), "doubled": len(posted) - messages}


KINDS: dict[str, Callable[[Stage, str, int, float], Awaitable[Json]]] = {
    "slack": submissions,
    "web": submissions,
    "notify": deliveries,
}


def names(kind: str, count: int) -> list[str]:
    return [f"{kind}{number}" for number in range(count)]


async def socket_mode(scene: Stage, count: int) -> list[Press]:
    return [await scene.socket_mode(name, "-m", "bot", "slack", **TOKEN) for name in names("slack", count)]


async def web(scene: Stage, count: int) -> list[Press]:
    return [over_http(await scene.site(name, **TOKEN), "/slack/events") for name in names("web", count)]


def ids(setup: Setup) -> set[str]:
    """Task ids of the messages on Redis; nobody takes them."""
    queue = redis.Redis.from_url(setup.broker)
    return {json.loads(message)["headers"]["id"] for message in queue.lrange("celery", 0, -1)}


def sent(setup: Setup) -> int:
    return int(redis.Redis.from_url(setup.broker).llen("celery"))


@contextmanager
def _costs(pids: list[int]) -> Iterator[dict[str, float]]:
    """Processor seconds by who used them, known at the end."""

    def now() -> dict[str, float]:
        return {
            "replicas": sum(map(cpu_seconds, pids)),
            "PostgreSQL": cpu_of_all("postgres"),
            "people and Slack": time.process_time(),
        }

    used: dict[str, float] = {}
    before, begin = now(), time.monotonic()
    yield used
    used |= {who: seconds - before[who] for who, seconds in now().items()}
    used["seconds"] = time.monotonic() - begin


def _figures(measured: Json, used: dict[str, float]) -> Json:
    """With cores used, and milliseconds of a processor for each operation, by whom."""
    seconds = used.pop("seconds")
    return {
        **measured,
        "cores": {who: value / seconds for who, value in used.items()},
        "milliseconds": {who: value * 1000 / seconds / measured["per_second"] for who, value in used.items()},
    }


async def _forget(scene: Stage, prefix: str) -> None:
    async with scene.inside("rows", "rows") as rows:
        await rows.ask("forget", prefix)
