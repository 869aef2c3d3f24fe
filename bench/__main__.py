"""`python -m bench`: measures, prints each figure with its goal, and writes tables and plots.

The figures of a full run are also kept in bench/figures.tsv, and docs/performance.md is written from that file.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import redis

from bench import cases, compare, data, details, figures, machine, page, plots, report, results, setups
from bench.cases.promises import GOALS
from bench.figures import Kept
from bench.goals import judge
from bench.modes import FULL, SHORT, SMOKE, Mode
from bench.processes import Broken
from bench.results import Results, Series
from bench.setups import REPORTS, SETUPS, Setup
from bench.stage import stage

PART = "part"  # the name of a run that leaves experiments out


def main() -> int:
    """The exit code: 0 unless the benchmark itself is broken. A missed goal is a result, not an error."""
    options = _options()
    if options.write:
        write(page.PAGE, figures.kept())
        return 0
    folder, found, status = options.results, list[Results](), 0
    if folder:
        found += results.read(folder)
    else:
        mode = SMOKE if options.smoke else SHORT if options.short else FULL
        name = PART if options.only else mode.name
        folder = REPORTS / name
        try:
            for one in measure(options.setups, mode, options.only or cases.NAMES, name):
                results.write(folder, one)
                found.append(one)
        except (Broken, subprocess.CalledProcessError, psycopg.Error, redis.RedisError, OSError) as exc:
            print(f"the benchmark is broken: {exc}", file=sys.stderr)
            status = 1
    if found:
        finish(folder, found, is_comparing=options.compare)
    return status


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    ordinary = [name for name, setup in SETUPS.items() if not setup.is_big]
    parser.add_argument("--short", action="store_true", help="smaller databases and shorter turns; nothing is kept")
    parser.add_argument("--smoke", action="store_true", help="everything once, to see that the benchmark works")
    parser.add_argument("--setups", nargs="+", choices=SETUPS, help="which set-ups; a short run has the embedded one")
    parser.add_argument("--only", nargs="+", choices=cases.NAMES, help="which experiments; nothing is kept")
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="measure nothing, read the results of this folder"
    )
    parser.add_argument("--compare", action="store_true", help="show changes since the kept figures; nothing is kept")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the page from the kept figures")
    options = parser.parse_args()
    if options.compare and (options.short or options.smoke):
        parser.error("the kept figures are from full runs, and short runs can't be compared with them")
    options.setups = options.setups or (["embedded"] if options.short or options.smoke else ordinary)
    return options


def measure(names: list[str], mode: Mode, only: Container[str], label: str) -> Iterator[Results]:
    """Measures one set-up after the other. Errors of their services are raised before anything is measured."""
    for name in names:
        setups.empty_broker(SETUPS[name])
        machine.facts(SETUPS[name])
    for name in names:
        print(f"\n== {SETUPS[name].title} ({label})", flush=True)
        yield asyncio.run(_measured(SETUPS[name], mode, only, label))


async def _measured(setup: Setup, mode: Mode, only: Container[str], label: str) -> Results:
    taken_at = datetime.now(UTC).isoformat(timespec="minutes")
    found: list[Series] = []
    setups.empty_broker(setup)
    known = machine.facts(setup)
    data.prepare(setup, data.sizes(setup, mode))
    for name, experiment in cases.of(setup).items():
        if name in only:
            started = time.monotonic()
            async with stage(setup, mode) as scene:
                found += await experiment(scene)
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    data.drop(setup)
    setups.empty_broker(setup)
    return Results(setup=setup.name, mode=label, taken_at=taken_at, machine=known, series=tuple(found))


def finish(folder: Path, found: list[Results], *, is_comparing: bool) -> None:
    """Print the figures, and write tables and plots to the folder. Then compare the figures, or keep those of a full run."""
    judged = [figure for one in found for figure in judge(GOALS, one)]
    taken = Kept({one.setup: one.taken for one in found}, tuple(judged))
    print("\n" + report.columns(report.FIGURES_HEAD, report.figure_rows(judged)))
    details.write(folder, found)
    if is_comparing:
        print("\n" + compare.report(figures.kept(), taken))
    elif all(one.mode == FULL.name for one in found):
        figures.FILE.write_text(figures.kept().replaced_by(taken).dump())
        write(page.PAGE, figures.kept())
    elif not any(one.mode == PART or SETUPS[one.setup].is_big for one in found):
        write(folder / page.PAGE.name, taken)
    print(f"\nall tables and plots: {folder / details.FILE}")


def write(path: Path, kept: Kept) -> None:
    """Write the page, and its plots into a folder beside it."""
    path.write_text(page.text(kept))
    pictures = path.parent / "images" / "performance"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, picture in plots.of_page(kept).items():
        (pictures / f"{name}.svg").write_text(picture)
    print(f"\nwritten: {path}")


if __name__ == "__main__":
    sys.exit(main())
