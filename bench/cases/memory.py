"""What processes hold in memory: after work, over very many runs, and where it goes."""

import asyncio
import sys
from collections.abc import Sequence

from bench import payloads
from bench.cases.background import PATIENCE
from bench.cases.wire import opening, schedule, submitting
from bench.load import closed_loops
from bench.processes import Broken, memory_mb, thread_count
from bench.report import MEMORY
from bench.results import OURS, Series, single
from bench.stage import Inside, Press, Stage, form, over_http
from bench.stub import Json

CLIENTS = 16
RUNS = "memory/runs"
WARM, END = "after the warm-up", "at the end"
WARMING = 5_000  # runs, at most: until each thread's connection has read what it keeps
LOOKS = 5  # at the memory, while it does the runs after those
CHANNELS = 500  # at most: Slack takes a message a second in each
LIFETIME = 2.0  # seconds that a run takes
OPEN_AT_ONCE = 500  # runs; no more are started meanwhile: the measure is of history, not of load
ON_SERVERS = 5_000  # runs; the process is the same
SLOWEST = 10  # runs a second


async def memory(scene: Stage) -> list[Series]:
    after_work = await _after_work(scene)
    pid = scene.processes.pid(OURS)
    by_step = await _by_step(scene, thread_count(pid))
    real = single(MEMORY, "memory", OURS, [memory_mb(pid)], "MB", "`runtask slack` itself, after its work")
    await asyncio.to_thread(scene.processes.stop_all)  # two would share the delivering
    found = [*after_work, *by_step, real, *await _over_runs(scene)]
    async with scene.inside("rows", "rows") as rows:
        await rows.ask("forget", "slack:V")
    return found


async def _after_work(scene: Stage) -> list[Series]:
    """And with nothing but the libraries loaded; Bolt, in a web worker, by its first request."""
    socket = await scene.socket_mode(OURS, "-m", "bot", "slack")
    site, bare = await scene.site("web"), await scene.site("bare-web", "bench.apps.bare")
    await over_http(bare, "/ack")("slash_commands", payloads.command("t0", payloads.person(0)))
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
    """Of one process, while it starts run after run in many channels, watches them end, and tells so."""
    count = min(scene.mode.runs, ON_SERVERS) if scene.setup.postgres else scene.mode.runs
    press = await scene.socket_mode("runs", "-m", "bot", "slack")
    channels = max(1, min(CHANNELS, count // 20))
    forms = [await form(scene, press, schedule(7), channel=f"C{number}") for number in range(channels)]
    pid = scene.processes.pid("runs")
    sizes: dict[str, float] = {}
    async with scene.inside("ends", "growing") as ends:
        room = asyncio.Event()
        ending = asyncio.create_task(_end(ends, room))
        ending.add_done_callback(lambda _: room.set())  # nobody waits for what has failed
        await _started(scene, press, forms, min(WARMING, count // 2), room)
        sizes[WARM] = memory_mb(pid)
        for look in range(1, LOOKS + 1):
            await _started(scene, press, forms, count // LOOKS, room)
            sizes[END if look == LOOKS else f"after {count * look // LOOKS:,} runs more"] = memory_mb(pid)
            if ending.done():  # it never ends by itself
                ending.result()
        ending.cancel()
    scene.processes.stop("runs")
    found = [single(RUNS, "memory", OURS, [size], "MB", load) for load, size in sizes.items()]
    return [*found, single(RUNS, "runs", OURS, [count], "runs", END)]


async def _started(scene: Stage, press: Press, forms: Sequence[Json], count: int, room: asyncio.Event) -> None:
    """So many submissions, while there is room. Raises Broken."""
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
    """Runs end as a platform's workers would end them; there is room while few are open."""
    while True:
        if await ends.ask("settle", LIFETIME) < OPEN_AT_ONCE:
            room.set()
        else:
            room.clear()
        await asyncio.sleep(0.2)


async def _by_step(scene: Stage, threads: int) -> list[Series]:
    """A process that becomes `runtask slack` step by step, with as many threads as that one had after its work."""
    environment = scene.environment("steps")
    command = (sys.executable, "-m", "bench.inside.memory", str(threads))
    pipe = asyncio.subprocess.PIPE
    with (scene.processes.folder / "steps.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdin=pipe, stdout=pipe, stderr=log)
    assert process.stdin is not None
    assert process.stdout is not None
    found = []
    while step := (await process.stdout.readline()).decode().strip():
        found.append(single(MEMORY, "memory", OURS, [memory_mb(process.pid)], "MB", step))
        process.stdin.write(b"\n")
    if await process.wait():
        raise Broken("a process that shows its memory died: see steps.log")
    return found
