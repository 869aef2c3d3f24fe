"""`make mutation`: changes the code at sampled places, and shows the changes that no test notices (config.toml).

Each process changes a copy of the checkout of its own, so that an interrupted run leaves no change behind.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import tomllib
from itertools import groupby
from multiprocessing import Pool
from operator import attrgetter
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.config import load_config
from cosmic_ray.modules import find_modules
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.tools.filters.operators_filter import OperatorsFilter
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkResult

CONFIG = Path(__file__).with_name("config.toml")
SAMPLE = tomllib.loads(CONFIG.read_text())["sample"]
COSMIC_RAY = load_config(CONFIG)
PLACE = ("module_path", "start_pos", "end_pos")
LEFT_OUT, UNPACKING = re.compile(SAMPLE["leave-out"]), re.compile(r"\*+\S")


def main() -> int:
    """Returns 1 if tests kill too few mutants, and 2 if they fail without a change."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__)
    parser.add_argument("--places", type=int, default=SAMPLE["places"])
    count, alive = parser.parse_args().places, list[str]()
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
        chosen = sample(Path(folder), count)
        with Pool(SAMPLE["processes"], enter_copy, [folder]) as pool:
            for unchanged in pool.imap(run_tests, SAMPLE["tests"]):
                if unchanged.test_outcome is not TestOutcome.SURVIVED:
                    print(unchanged.output, "Tests fail without a change.", sep="\n")
                    return 2
            for mutation, result in zip(chosen, pool.imap(change, chosen), strict=True):
                what = f"{mutation.module_path}:{mutation.start_pos[0]} {mutation.operator_name}"
                print(what, (result.test_outcome or result.worker_outcome).value, flush=True)
                if result.test_outcome is not TestOutcome.KILLED:
                    alive.append(f"\n{what}\n{result.diff or result.output}")
    killed, floor = count - len(alive), SAMPLE["floor"]
    print(*alive, f"\nTests kill {killed} of {count} mutants. They must kill {floor:.0%}.", sep="\n")
    return int(killed < floor * count)


def sample(folder: Path, count: int) -> list[MutationSpec]:
    """Chooses so many places, and one possible change at each, in the order of the code."""
    with use_db(folder / "session.sqlite") as session:
        init(find_modules(map(Path, COSMIC_RAY["module-path"])), session, {})
        OperatorsFilter().filter(session, argparse.Namespace(config=str(CONFIG)))
        found = filter(has_meaning, (item.mutations[0] for item in session.pending_work_items))
    in_order = sorted(found, key=attrgetter(*PLACE, "operator_name", "occurrence"))
    places = [list(changes) for _, changes in groupby(in_order, attrgetter(*PLACE))]
    chance = random.Random(SAMPLE["seed"])
    return [chance.choice(places[at]) for at in sorted(chance.sample(range(len(places)), count))]


def has_meaning(mutation: MutationSpec) -> bool:
    line, column = mutation.start_pos
    text = mutation.module_path.read_text().splitlines()[line - 1]
    return not LEFT_OUT.match(text) and not UNPACKING.match(text, column)


def enter_copy(folder: str) -> None:
    copy = tempfile.mkdtemp(dir=folder)
    files = subprocess.check_output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    subprocess.run(["xargs", "-0", "cp", "--parents", "--target-directory", copy], input=files, check=True)
    os.chdir(copy)


def change(mutation: MutationSpec) -> WorkResult:
    return run_tests(str(mutation.module_path.parent), mutation)


def run_tests(package: str, *changes: MutationSpec) -> WorkResult:
    command = COSMIC_RAY.test_command.format(python=sys.executable, tests=SAMPLE["tests"][package])
    return mutate_and_test(changes, command, COSMIC_RAY.timeout)


if __name__ == "__main__":
    sys.exit(main())
