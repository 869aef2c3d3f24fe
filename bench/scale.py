"""`python -m bench.scale`: a big installation for some minutes, and how far more replicas carry.

PostgreSQL and Redis; Slack takes 50 ms for each answer.
"""

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench import data, machine, page, payloads, replicas, setups
from bench.cases.wire import schedule
from bench.modes import FULL
from bench.processes import cpu_of_all, cpu_seconds, memory_mb
from bench.results import FOLDER
from bench.setups import SETUPS
from bench.stage import Inside, Press, Stage, form, stage
from bench.stats import of_turn
from bench.stub import Json

SETUP = SETUPS["redis"]
SLACK = 0.05  # seconds
LOOK = 5.0  # seconds between two samples
GIVES_UP = 3.0  # seconds, Slack


@dataclass
class Big:
    """What is simulated, and what came of it."""

    seconds: float
    rate: float  # submissions a second
    replicas: int
    schedules: int
    open_runs: int
    channels: int
    history: int  # finished runs, and results
    taken: list[float] = field(default_factory=list)  # ms until a form closed
    refused: int = 0
    late: int = 0  # not answered before Slack gave up


def main() -> None:
    options = _options()
    big = Big(**{name: value for name, value in vars(options).items() if name != "keep"})
    found = asyncio.run(measure(big))
    print(json.dumps({name: value for name, value in found.items() if name != "samples"}, indent=1))
    if options.keep:
        (FOLDER / "scale.json").write_text(json.dumps(found, indent=1) + "\n")
        page.write(page.PAGE, page.kept())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=50, help="submissions a second")
    parser.add_argument("--replicas", type=int, default=2, help="of `runtask slack`")
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--open-runs", type=int, default=5_000)
    parser.add_argument("--channels", type=int, default=500)
    parser.add_argument("--history", type=int, default=1_000_000, help="finished runs, and results")
    parser.add_argument("--keep", action="store_true", help="keep the results and write the page")
    return parser.parse_args()


async def measure(big: Big) -> dict[str, Any]:
    size = data.Size(name="big", schedules=big.schedules, results=big.history, runs=big.history)
    setups.empty_broker(SETUP)
    data.prepare(SETUP, [size])
    taken_at = datetime.now(UTC).isoformat(timespec="seconds")
    found: dict[str, Any] = {"machine": {"taken": taken_at, **machine.facts(SETUP)}, "replicas": []}
    for kind, measured in replicas.KINDS.items():
        for count in (1, 2, 4):
            async with stage(SETUP, FULL) as scene:
                scene.stub.delay = SLACK
                one = await measured(scene, kind, count, min(10, big.seconds))
                found["replicas"].append({"process": kind, "replicas": count, **one})
    async with stage(SETUP, FULL) as scene:
        found |= await _sustained(scene, big)
    data.drop(SETUP)
    setups.empty_broker(SETUP)
    return found


async def _sustained(scene: Stage, big: Big) -> dict[str, Any]:
    lifetime = big.open_runs / big.rate
    presses = await replicas.socket_mode(scene, big.replicas)
    forms = [
        await form(scene, presses[number % len(presses)], schedule(7), channel=f"C{number}")
        for number in range(big.channels)
    ]
    scene.stub.delay = SLACK
    samples: list[dict[str, float]] = []
    async with scene.inside("growing", "growing") as rows, scene.inside("settling", "growing") as settling:
        await rows.ask("standing", big.open_runs, big.channels, lifetime)
        before = await rows.ask("tables")
        looking = asyncio.create_task(_look(scene, big, rows, samples))
        settle = asyncio.create_task(_settle(settling, lifetime))
        async with asyncio.TaskGroup() as people:
            begin = time.monotonic()
            for number in range(int(big.seconds * big.rate)):
                await asyncio.sleep(max(0.0, begin + number / big.rate - time.monotonic()))
                people.create_task(_submit(big, presses[number % len(presses)], forms[number % big.channels], number))
        looking.cancel()
        settle.cancel()
        after = await rows.ask("tables")
    submitted = int(big.seconds * big.rate)
    return {
        "big": {name: value for name, value in asdict(big).items() if name != "taken"},
        "closed": asdict(of_turn(big.taken, big.seconds)),
        "submitted": submitted,
        "on the broker": replicas.sent(SETUP),
        "doubled": replicas.sent(SETUP) - len(replicas.ids(SETUP)),
        "megabytes per million runs": {name: (after[name] - before[name]) / submitted for name in after},
        "samples": samples,
    }


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


async def _settle(rows: Inside, lifetime: float) -> None:
    """Runs end as a platform's workers would end them."""
    while True:
        await rows.ask("settle", lifetime)
        await asyncio.sleep(0.2)


async def _look(scene: Stage, big: Big, rows: Inside, samples: list[dict[str, float]]) -> None:
    begin = time.monotonic()
    pids = [scene.processes.pid(name) for name in replicas.names("slack", big.replicas)]
    used, database = sum(map(cpu_seconds, pids)), cpu_of_all("postgres")
    while True:
        await asyncio.sleep(LOOK)
        before, used = used, sum(map(cpu_seconds, pids))
        database_before, database = database, cpu_of_all("postgres")
        looked = {
            "cores": (used - before) / LOOK,
            "database": (database - database_before) / LOOK,
            "memory": sum(map(memory_mb, pids)) / len(pids),
        }
        samples.append({"at": time.monotonic() - begin, **await rows.ask("sample"), **looked})


if __name__ == "__main__":
    main()
