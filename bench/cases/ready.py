"""How long a process takes to be connected to Slack, and where that time goes."""

import asyncio
import json
import sys
import time
from itertools import pairwise

from bench.cases.background import PATIENCE
from bench.goals import AGAIN
from bench.load import rotated
from bench.report import FLOOR, START
from bench.results import OURS, Series, single
from bench.stage import Stage

IDLE = "imports + connect"
CONNECTED = "the connection to Slack"  # the last step
ITSELF = "the process itself, which takes the last steps at the same time"


async def ready(scene: Stage) -> list[Series]:
    """A process started -> connected to Slack; and the same step by step."""
    found: dict[str, list[float]] = {OURS: [], IDLE: [], f"{AGAIN}{IDLE}": []}
    for number in range(scene.mode.starts):
        for name in rotated(list(found), number):
            arguments = ("-m", "bot", "slack") if name == OURS else ("-m", "bench.apps.idle")
            begin = time.monotonic()
            scene.processes.start("start", scene.environment("start"), *arguments)
            await scene.stub.connected("start", PATIENCE)
            found[name].append((time.monotonic() - begin) * 1000)
            scene.processes.stop("start")
            await scene.stub.gone("start", PATIENCE)
    whole = [single("ready", "connected", name, values, "ms") for name, values in found.items()]
    real = [single(START, "time", who, found[name], "ms", ITSELF) for who, name in ((OURS, OURS), (FLOOR, IDLE))]
    return [*whole, *await _by_step(scene), *real]


async def _by_step(scene: Stage) -> list[Series]:
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(scene.mode.starts):
        for who in rotated([OURS, FLOOR], number):
            for step, taken in (await _steps(scene, who)).items():
                found.setdefault((step, who), []).append(taken)
    return [single(START, "time", who, values, "ms", step) for (step, who), values in found.items()]


async def _steps(scene: Stage, who: str) -> dict[str, float]:
    """Milliseconds that each took."""
    began = time.monotonic()
    command = (sys.executable, "-m", "bench.inside.ready", who)
    with (scene.processes.folder / "steps.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, env=scene.environment("steps"), stdout=asyncio.subprocess.PIPE, stderr=log
        )
    try:
        await scene.stub.connected("steps", PATIENCE)
        connected = time.monotonic()
    finally:
        process.terminate()
        said, _ = await process.communicate()
    await scene.stub.gone("steps", PATIENCE)
    done = {**dict(map(json.loads, said.splitlines())), CONNECTED: connected}
    moments = pairwise([began, *done.values()])
    return {step: (after - before) * 1000 for step, (before, after) in zip(done, moments, strict=True)}
