"""`python -m bench`: measures, prints the goals beside what was measured, keeps JSON, writes docs/performance.md."""

import argparse
import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import redis

from bench import data, machine, page, report, results, setups
from bench.cases import EXPERIMENTS
from bench.cases.promises import GOALS
from bench.goals import judge
from bench.modes import MODES, Mode
from bench.processes import Broken
from bench.results import Results, Series
from bench.setups import ROOT, SETUPS, WORK, Setup
from bench.stage import stage


def main() -> int:
    """0 unless the benchmark itself is broken; a missed goal is a finding."""
    options = _options()
    mode = MODES["smoke" if options.smoke else "short" if options.short else "full"]
    names = [] if options.write else options.setups or (list(SETUPS) if mode is MODES["full"] else ["embedded"])
    found, status = list[Results](), 0
    try:
        for name in names:
            reach(SETUPS[name])
        for name in names:
            print(f"\n== {SETUPS[name].title} ({mode.name})", flush=True)
            found.append(asyncio.run(measure(SETUPS[name], mode, options.only)))
            show(found[-1])
    except (Broken, subprocess.CalledProcessError, psycopg.Error, redis.RedisError, OSError) as exc:
        print(f"the benchmark is broken: {exc}", file=sys.stderr)
        status = 1  # what has been measured before that is kept all the same
    if options.compare:
        for one in found:
            compare(one)
    elif options.smoke:
        page.write(WORK / "smoke.md", found)
    elif found or options.write:
        keep(found, mode)
    return status


def reach(setup: Setup) -> None:
    """Raises whatever its services raise: better now than when the set-ups before it have been measured."""
    setups.empty_broker(setup)
    machine.facts(setup)


def keep(found: list[Results], mode: Mode) -> None:
    """A short run is looked at and forgotten."""
    if mode is MODES["full"]:
        for one in found:
            path = results.path(one.setup)
            path.parent.mkdir(exist_ok=True)
            path.write_text(results.dump(results.merged(path, one)))
        page.write(page.PAGE, page.kept())
        print(f"\nwritten: {page.PAGE.relative_to(ROOT)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="smaller databases and shorter turns; nothing is kept")
    parser.add_argument("--smoke", action="store_true", help="everything once, to see that the benchmark works")
    parser.add_argument("--setups", nargs="+", choices=SETUPS, help="which set-ups; short runs have the embedded one")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS), help="which experiments")
    parser.add_argument(
        "--compare", action="store_true", help="say what got slower since the kept results; keep nothing"
    )
    parser.add_argument("--write", action="store_true", help="measure nothing, write the page from the kept results")
    options = parser.parse_args()
    if options.compare and (options.short or options.smoke):
        parser.error("the kept results are of full runs, and so must be what is compared to them")
    return options


async def measure(setup: Setup, mode: Mode, only: list[str]) -> Results:
    taken_at = datetime.now(UTC).isoformat(timespec="seconds")
    found: list[Series] = []
    setups.empty_broker(setup)
    known = machine.facts(setup)
    data.prepare(setup, data.sizes(mode))
    for name, experiment in EXPERIMENTS.items():
        if name in only:
            started = time.monotonic()
            async with stage(setup, mode) as scene:
                found += await experiment(scene)
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    data.drop(setup)
    setups.empty_broker(setup)
    empty = Results(setup=setup.name, mode=mode.name, taken_at=taken_at, machine=known)
    return replace(empty, series=tuple(found))


def show(found: Results) -> None:
    print(report.columns(report.SERIES_HEAD, report.series_rows(found.series)), end="\n\n")
    print(report.columns(report.HEAD, report.goal_rows(judge(GOALS, found))))


def compare(found: Results) -> None:
    """To the kept results of the same set-up."""
    path = results.path(found.setup)
    if not path.exists():
        print(f"nothing to compare to: {path} is missing")
        return
    before = results.load(path.read_text())
    noise = {stat: max(report.noise_of(one, stat) for one in (before, found)) for stat in report.STATS}
    print(
        f"\nSince {before.taken_at}: floors take {report.pace(before, found):.2f} × as long as then, "
        f"two equals differ by up to {noise['p50']:.2f} × (p50) and {noise['p99']:.2f} × (p99) on this machine:"
    )
    rows = report.changed(judge(GOALS, before), judge(GOALS, found), noise)
    print(report.columns(report.CHANGED_HEAD, rows) if rows else "nothing beyond that")


if __name__ == "__main__":
    sys.exit(main())
