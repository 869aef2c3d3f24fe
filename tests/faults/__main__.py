"""The long run: python -m tests.faults --submissions 1000 --faults 200 --seed N (`make faults ARGS=…`)."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.faults import figures
from tests.faults.drive import Outcome, drive
from tests.faults.servers import Missing
from tests.faults.setups import SETUPS

# Celery's worker and gunicorn may end by themselves when a service or a port is away.
OURS = {"bot", "other", "replica", "notifier"}
PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"


def main() -> int:
    """The exit code: 1 if a promise was broken, 2 if a service is missing."""
    options = _parser().parse_args()
    kinds = options.setups.split(",")
    say(f"seed {options.seed}; logs in {options.folder}")
    outcomes: list[Outcome] = []
    for number, kind in enumerate(kinds):
        submissions, faults = (share(total, len(kinds), number) for total in (options.submissions, options.faults))
        say(f"{kind}: {submissions} submissions, {faults} faults …")
        try:
            outcome = drive(
                kind, options.folder / kind, submissions=submissions, faults=faults, seed=options.seed + number
            )
        except Missing as exc:
            say(f"{kind}: missing: {exc}")
            return 2
        outcomes.append(outcome)
        say(figures.report([outcome], options.seed + number))
        say("\n".join(complaints(outcome)))
    say(figures.report(outcomes, options.seed))
    if options.write:
        figures.write(PAGE, figures.summary(outcomes, options.seed))
    return int(any(complaints(one) for one in outcomes))


def complaints(outcome: Outcome) -> list[str]:
    """A sentence for each broken promise, for what was left open, and for each part that ended by itself."""
    left = [f"left open after {outcome.settled_after:.0f} s: {outcome.left}"] if outcome.left else []
    ended = [f"{name} ended by itself with {code}" for name, code in outcome.ended if name in OURS]
    return [*outcome.verdict.broken(), *left, *ended]


def share(total: int, parts: int, number: int) -> int:
    """The share of the part with this number. All shares together make the total."""
    return total // parts + (number < total % parts)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--setups", default=",".join(SETUPS), help=f"some of {', '.join(SETUPS)}")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.mkdtemp(prefix="runtask-faults-")))
    parser.add_argument("--write", action="store_true", help=f"put the figures into {PAGE.name}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
