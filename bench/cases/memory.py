"""Measures the memory of processes: after some work, and after very many runs."""

import asyncio
from collections.abc import Sequence

from bench import payloads
from bench.cases.background import PATIENCE
from bench.cases.wire import opening, schedule, submitting
from bench.load import closed_loops
from bench.processes import Broken, memory_mb
from bench.results import OURS, Series, single
from bench.stage import Inside, Press, Stage, form, meanwhile, over_http
from bench.stub import Json

CLIENTS = 16
RUNS = "memory/runs"
WARM, END = "after the warm-up", "at the end"
# Runs before the first look, at most: after them, each thread has a database connection with a full cache.
WARMING = 5_000
CHANNELS = 500  # channels, at most: Slack accepts one message a second in each
LIFETIME = 2.0  # seconds from the start of a run to its end
OPEN_AT_ONCE = 500  # open runs, at most: this experiment is about history, not about load
ON_SERVERS = 5_000  # runs, at most, in set-ups with servers: a run takes longer there, and the process is the same
SLOWEST = 10  # runs a second, at least; a slower process counts as broken


async def memory(scene: Stage) -> list[Series]:
    after_work = await _after_work(scene)
    await asyncio.to_thread(scene.processes.stop_all)  # otherwise two processes would share the messages
    found = [*after_work, *await _over_runs(scene)]
    async with scene.inside("rows", "rows") as rows:
        await rows.ask("forget", payloads.SUBMITTED)
    return found


async def _after_work(scene: Stage) -> list[Series]:
    """The memory after some work, beside processes with the libraries only. A web worker's first request loads Bolt."""
    socket = await scene.socket_mode(OURS, "-m", "bot", "slack")
    site, bare = await scene.site("web"), await scene.site("bare-web", "bench.apps.bare")
    await over_http(bare, "/open")("slash_commands", payloads.command("t0", payloads.person(0)))
    idle = scene.processes.start("idle", scene.environment("idle"), "-m", "bench.apps.idle")
    await scene.stub.connected("idle", PATIENCE)
    for press in (socket, over_http(site, "/slack/events")):
        for operation in (opening(scene, press), await submitting(scene, press)):
            await closed_loops(operation, CLIENTS, scene.mode.turn * 4)
    sizes = {
        ("runtask slack", OURS): scene.processes.pid(OURS),
        ("runtask slack", "libraries"): idle,
        ("web", OURS): scene.processes.pid("web"),
        ("web", "libraries"): scene.processes.pid("bare-web"),
    }
    return [single("memory", "memory", name, [memory_mb(pid)], "MB", load) for (load, name), pid in sizes.items()]


async def _over_runs(scene: Stage) -> list[Series]:
    """The growth of a process that starts very many runs in many channels, notices their ends, and posts them."""
    count = min(scene.mode.runs, ON_SERVERS) if scene.setup.postgres else scene.mode.runs
    press = await scene.socket_mode("runs", "-m", "bot", "slack")
    channels = max(1, min(CHANNELS, count // 20))
    forms = [await form(scene, press, schedule(7), channel=f"C{number}") for number in range(channels)]
    pid, room = scene.processes.pid("runs"), asyncio.Event()
    async with scene.inside("ends", "growing") as ends, meanwhile(_end(ends, room)) as ending:
        ending.add_done_callback(lambda _: room.set())  # after a failure, the submissions must not wait for ever
        await _started(scene, press, forms, min(WARMING, count // 2), room)
        warm = memory_mb(pid)
        await _started(scene, press, forms, count, room)
        end = memory_mb(pid)
    scene.processes.stop("runs")
    return [single(RUNS, "memory", OURS, [size], "MB", load) for load, size in ((WARM, warm), (END, end))]


async def _started(scene: Stage, press: Press, forms: Sequence[Json], count: int, room: asyncio.Event) -> None:
    """Submit `count` forms. Wait while too many runs are open. Raises Broken."""
    left = iter(range(count))

    async def client() -> None:
        for number in left:
            await room.wait()
            shown = forms[number % len(forms)]
            await press("interactive", payloads.submission(shown, f"V{scene.stub.number()}", payloads.person(0)))

    try:
        async with asyncio.timeout(60 + count / SLOWEST):
            await asyncio.gather(*(client() for _ in range(CLIENTS)))
    except TimeoutError:
        raise Broken(f"{count} runs took too long: {scene.processes.log('runs')}") from None


async def _end(ends: Inside, room: asyncio.Event) -> None:
    """End runs as if workers had run their tasks. Set `room` while few runs are open."""
    while True:
        if await ends.ask("settle", LIFETIME) < OPEN_AT_ONCE:
            room.set()
        else:
            room.clear()
        await asyncio.sleep(0.2)
