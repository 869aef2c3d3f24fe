"""Compares new figures with the kept ones."""

from collections.abc import Sequence
from statistics import median

from bench.figures import STATS, Figure, Kept
from bench.report import columns, number
from bench.results import OURS

HEAD = ("figure", "load", "stat", OURS, "compared", "change")
LEAST_FACTOR = 1.1  # a smaller change is not reported, however small the noise is
TICK = 0.1  # stands for zero, by which nothing can be divided: one tick of the CPU clock in 10 s, in percent of a core


def report(before: Kept, after: Kept) -> str:
    return "\n\n".join(_of_setup(setup, before, after) for setup in after.taken)


def _of_setup(setup: str, before: Kept, after: Kept) -> str:
    old, new = ([one for one in kept.of(setup) if one.limit is not None] for kept in (before, after))
    if not old:
        return f"{setup}: no figures with goals are kept, so there is nothing to compare with"
    noise = {stat: max([one.noise for one in (*old, *new) if one.stat == stat], default=1.0) for stat in STATS}
    rows = changed(old, new)
    return (
        f"{setup}: kept figures {before.taken[setup].partition(': ')[0]}\n"
        f"The times of floors and peers are {pace(old, new):.2f} × as long as then. In nearly all cases, two equal programs"
        f" differ by at most {noise['p50']:.2f} × (p50) and {noise['p99']:.2f} × (p99).\n"
        + (
            columns(HEAD, rows)
            if rows
            else f"No figure with a goal has changed by more than its noise and by {LEAST_FACTOR} ×."
        )
    )


def changed(before: Sequence[Figure], after: Sequence[Figure]) -> list[tuple[str, ...]]:
    """The rows of figures that have changed by more than their noise, and by LEAST_FACTOR. The worst change comes first."""
    known = {one.key: one for one in before}
    rows: list[tuple[float, tuple[str, ...]]] = []
    for one in after:
        old = known.get(one.key)
        if old is None:
            continue
        factor = (one.compared or TICK) / (old.compared or TICK)
        worsening = 1 / factor if one.at_least else factor  # above 1: the new figure is worse
        change = max(worsening, 1 / worsening)
        if change > max(old.noise, one.noise, LEAST_FACTOR):
            word = _word(one, is_worse=worsening > 1)
            rows.append((worsening, (*_from_to(old, one), f"{change:.2f} × {word}")))
    return [row for _, row in sorted(rows, key=lambda item: -item[0])]


def _from_to(old: Figure, new: Figure) -> tuple[str, ...]:
    figures = f"{number(old.ours)} -> {number(new.ours)} {new.unit}"
    ratios = f"{number(old.value.median)} -> {number(new.value.median)} × {new.other}" if new.other else ""
    return (new.title, new.load, STATS[new.stat], figures, ratios)


def _word(one: Figure, *, is_worse: bool) -> str:
    if one.unit in {"ms", "/s"}:
        return "slower" if is_worse else "faster"
    return "more" if is_worse else "less"


def pace(before: Sequence[Figure], after: Sequence[Figure]) -> float:
    """The median factor by which floors and peers are slower than before, because of the machine or of libraries."""
    known = {one.key: one for one in before}
    factors = []
    for one in after:
        old = known.get(one.key)
        is_time = one.unit == "ms" and one.stat == "p50" and not one.is_against_itself
        if is_time and one.theirs and old is not None and old.theirs:
            factors.append(one.theirs / old.theirs)
    return median(factors) if factors else 1.0
