"""Where the time of the slowest acknowledgements goes, beside that of the usual ones; one person."""

import asyncio
import time
from collections.abc import Sequence
from statistics import mean

from bench.cases.wire import WAYS
from bench.load import REST
from bench.report import SLOWEST, SLOWEST_FEW, USUAL
from bench.results import Series, single
from bench.stage import Press, Stage, opened, over_http

SETTINGS = "bench.apps.noting"
WARM = 0.1  # of all operations, at the beginning
FEW = 0.02  # of all others: the slowest
PHASES = ("until a thread begins with it", "until it is sent", "until Slack sees it")


async def slowest(scene: Stage) -> list[Series]:
    site = await scene.site("web", SETTINGS)
    presses = {
        "socket": await scene.socket_mode("socket", "-m", "bot", "slack", DJANGO_SETTINGS_MODULE=SETTINGS),
        "http": over_http(site, "/slack/events"),
    }
    found = []
    for way, process in (("socket", "socket"), ("http", "web")):
        seen = await _acknowledged(scene, presses[way])
        log = (scene.processes.folder / f"{process}.log").read_text()
        noted = [map(float, line.split()[1:]) for line in log.splitlines() if line.startswith("noted ")]
        rows = [(begun - sent, out - begun, at - out) for (sent, at), (begun, out) in zip(seen, noted, strict=False)]
        found += _by_phase(f"/runtask → ack, {WAYS[way]}", rows[int(len(rows) * WARM) :])
    return found


async def _acknowledged(scene: Stage, press: Press) -> list[tuple[float, float]]:
    """When each command was sent, and when Slack saw its acknowledgement; one after the other."""
    seen = []
    begin = time.monotonic()
    while time.monotonic() - begin < scene.mode.look * 3:
        _, sent, acknowledged, _ = await opened(scene, press, 0)
        seen.append((sent, acknowledged))
        await asyncio.sleep(REST)
    return seen


def _by_phase(what: str, rows: Sequence[tuple[float, ...]]) -> list[Series]:
    """Milliseconds, as means of the middle half and of the slowest few."""
    ranked = sorted(rows, key=sum)
    groups = {
        USUAL: ranked[len(ranked) // 4 : -len(ranked) // 4],
        SLOWEST_FEW: ranked[-max(1, int(len(ranked) * FEW)) :],
    }
    return [
        single(SLOWEST, what, name, [mean(row[at] for row in group) * 1000], "ms", phase)
        for name, group in groups.items()
        for at, phase in enumerate(PHASES)
    ]
