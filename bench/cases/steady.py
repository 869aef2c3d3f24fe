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
class Big:
    """The outcome of the submissions. `late` counts those without an answer before Slack would have given up."""

    taken: list[float] = field(default_factory=list)  # milliseconds until each form closed
    refused: int = 0
    late: int = 0
    oldest: float = 0.0  # the longest time for which a message was due, in seconds


async def steady(scene: Stage) -> list[Series]:
    mode, big = scene.mode, Big()
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
        async with meanwhile(_end(big, ending, lifetime)):
            submitted = await _press(big, mode.steady, presses, forms)
        after = await rows.ask("tables")
    growth = {name: (after[name] - before[name]) / submitted for name in after}  # bytes a run: MB per million runs
    messages, unique = replicas.sent(scene.setup), len(replicas.ids(scene.setup))
    wrong = abs(submitted - big.refused - unique) + messages - unique
    return [
        Series(experiment=STEADY, what="closed", load="", contestant=OURS, rounds=(of_turn(big.taken, mode.steady),)),
        single(STEADY, "submissions", OURS, [submitted], "submissions"),
        single(STEADY, "refused or late", OURS, [big.refused + big.late], "submissions"),
        single(STEADY, "lost or sent twice", OURS, [wrong], "messages"),
        single(STEADY, "oldest message due", OURS, [big.oldest], "s"),
        *(single(STEADY, "growth per million runs", OURS, [size], "MB", name) for name, size in growth.items()),
    ]


async def _press(big: Big, seconds: float, presses: list[Press], forms: list[Json]) -> int:
    """Submit forms at a steady rate. Returns their number when all have been answered."""
    count = int(seconds * RATE)
    async with asyncio.TaskGroup() as people:
        begin = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / RATE - time.monotonic()))
            people.create_task(_submit(big, presses[number % PROCESSES], forms[number % len(forms)], number))
    return count


async def _submit(big: Big, press: Press, shown: Json, number: int) -> None:
    body = payloads.submission(shown, f"S{number}", payloads.person(0))
    try:
        async with asyncio.timeout(GIVES_UP):
            sent, acknowledged, answer = await press("interactive", body)
    except TimeoutError:
        big.late += 1
        return
    big.taken.append((acknowledged - sent) * 1000)
    big.refused += bool(answer)


async def _end(big: Big, rows: Inside, lifetime: float) -> None:
    """End runs after `lifetime` seconds, as if workers had run their tasks. Sometimes look at the messages that are due."""
    looked = 0.0
    while True:
        await rows.ask("settle", lifetime)
        if time.monotonic() - looked > LOOK:
            big.oldest = max(big.oldest, await rows.ask("oldest"))
            looked = time.monotonic()
        await asyncio.sleep(0.2)
