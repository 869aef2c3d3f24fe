"""Measures the processor time of an operation under load by part of the program, in the real processes of runtask and a floor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bench import profiler
from bench.cases.background import NOTIFY, until_posted
from bench.cases.wire import logged_in, opening, posting, schedule, selecting, submitting
from bench.load import Operation, closed_loops
from bench.processes import Broken, cpu_seconds
from bench.profiler import Stack
from bench.report import FLOOR, PROFILE
from bench.results import OURS, Series, single
from bench.stage import Stage, form, over_http

CLIENTS = 16
WARM = 0.5  # seconds of load before and after a look
LOOKS = 3  # tries, at most: sometimes py-spy sees nothing
RATES = {OURS: 1_500, FLOOR: 4_000}  # no contestant sends more messages a second


@dataclass(frozen=True)
class Profile:
    """The processor seconds of some operations, and the seconds for which each stack was at work."""

    operations: float
    used: float
    stacks: dict[Stack, float]


@dataclass(frozen=True)
class Contestant:
    """An operation, and the process that performs it."""

    pid: int
    operation: Operation


async def profile(scene: Stage) -> list[Series]:
    found: dict[tuple[str, str, str], list[float]] = {}
    for what, contestants in (await _contestants(scene)).items():
        for name, one in contestants.items():
            _keep(found, what, name, await _seen(partial(_recorded, one, scene.mode.look)))
    scene.processes.stop_all()
    for name, arguments in ((OURS, NOTIFY), (FLOOR, ("-m", "bench.apps.post"))):
        _keep(found, "a message", name, await _seen(partial(_delivering, scene, name, arguments)))
    return [single(PROFILE, what, name, values, "ms", part) for (what, part, name), values in found.items()]


async def _contestants(scene: Stage) -> dict[str, Mapping[str, Contestant]]:
    ours = await scene.socket_mode(OURS, "-m", "bot", "slack")
    bare = {name: await scene.socket_mode(name, "-m", "bench.apps.socket_mode", name) for name in ("open", "update")}
    site, page = await scene.site(f"{OURS}-http"), await scene.site("page", "bench.apps.page")
    web = over_http(site, "/slack/events")
    shown = await form(scene, ours, schedule(7))
    run = {"task": "bench.report", "kwargs": '{"days": 30}'}
    pid = scene.processes.pid
    return {
        "/runtask → form": {
            OURS: Contestant(pid(OURS), opening(scene, ours)),
            FLOOR: Contestant(pid("open"), opening(scene, bare["open"])),
        },
        "selection → form updated": {
            OURS: Contestant(pid(OURS), selecting(scene, ours, shown)),
            FLOOR: Contestant(pid("update"), selecting(scene, bare["update"], shown)),
        },
        "Run → form closed, HTTP": {
            OURS: Contestant(pid(f"{OURS}-http"), await submitting(scene, web)),
            FLOOR: Contestant(pid("page"), posting(page, "/run", await logged_in(page), run)),
        },
    }


async def _seen(look: Callable[[], Awaitable[Profile]]) -> Profile:
    """The first profile that isn't empty. Raises Broken."""
    for _ in range(LOOKS):
        if (one := await look()).stacks:
            return one
    raise Broken("py-spy sees nothing of a process that works")


async def _recorded(one: Contestant, seconds: int) -> Profile:
    """A profile under more load than the process can handle, so that it never waits for work."""
    loops = asyncio.create_task(closed_loops(one.operation, CLIENTS, seconds + 2 * WARM))
    await asyncio.sleep(WARM)
    used, stacks = await _looked_at(one.pid, seconds)
    (measured, *_) = (await loops).values()
    return Profile(measured.per_second * seconds, used, stacks)


async def _looked_at(pid: int, seconds: int) -> tuple[float, dict[Stack, float]]:
    before = cpu_seconds(pid)
    stacks = await asyncio.to_thread(profiler.record, pid, seconds)
    return cpu_seconds(pid) - before, stacks


async def _delivering(scene: Stage, name: str, arguments: tuple[str, ...]) -> Profile:
    """A profile of a process that still has messages to send."""
    prefix, seconds = f"p{scene.stub.number()}-", scene.mode.look
    count = int(RATES[name] * (seconds + 2 * WARM))
    posted = scene.stub.posting(prefix)
    async with scene.inside("rows", "rows") as rows:
        if name == OURS:
            await rows.ask("owed", prefix, count)
        else:
            arguments = (*arguments, str(count), prefix)
        pid = scene.processes.start(name, scene.environment(name), *arguments)
        await until_posted(scene, name, posted, 1)
        before = len(posted)
        used, stacks = await _looked_at(pid, seconds)
        messages = len(posted) - before
        scene.processes.stop(name)
        if name == OURS:
            await rows.ask("forget", prefix)
    return Profile(messages, used, stacks)


def _keep(found: dict[tuple[str, str, str], list[float]], what: str, name: str, one: Profile) -> None:
    whole = one.used * 1000 / one.operations
    found[what, "all", name] = [whole]
    each = whole / sum(one.stacks.values())
    for part, seconds in profiler.by_part(one.stacks).items():
        found[what, part, name] = [seconds * each]
