"""Measures the time from the start of a process until it is connected to Slack."""

import time

from bench.cases.background import PATIENCE
from bench.goals import AGAIN
from bench.load import rotated
from bench.results import OURS, Series, single
from bench.stage import Stage

IDLE = "imports + connect"


async def ready(scene: Stage) -> list[Series]:
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
    return [single("ready", "connected", name, values, "ms") for name, values in found.items()]
