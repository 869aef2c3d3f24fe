"""Compares new figures with the kept ones. Pure."""

from collections.abc import Sequence
from statistics import median

from bench.figures import STATS, Figure, Kept
from bench.report import columns, number
from bench.results import OURS

HEAD = ("figure", "load", "stat", OURS, "compared", "change")
CLEARLY = 1.1  # the smallest factor of a change that is reported
TICK = 0.1  # replaces zero, so that a factor exists: a tick of the clock, in percent of a core


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
        f"Floors and peers take {pace(old, new):.2f} × as long as then. Two equal programs differ by up to "
        f"{noise['p50']:.2f} × (p50) and {noise['p99']:.2f} × (p99).\n"
        + (columns(HEAD, rows) if rows else "No figure of a goal has changed by more than that.")
    )


def changed(before: Sequence[Figure], after: Sequence[Figure]) -> list[tuple[str, ...]]:
    """Figures of goals that have changed by more than noise, the worst change first."""
    known = {one.key: one for one in before}
    rows: list[tuple[float, tuple[str, ...]]] = []
    for one in after:
        old = known.get(one.key)
        if old is None:
            continue
        factor = (one.compared or TICK) / (old.compared or TICK)
        worse = 1 / factor if one.at_least else factor
        if max(worse, 1 / worse) > max(old.noise, one.noise, CLEARLY):
            rows.append((worse, (*_from_to(old, one), f"{max(worse, 1 / worse):.2f} × {_word(one, worse)}")))
    return [row for _, row in sorted(rows, key=lambda item: -item[0])]


def _from_to(old: Figure, new: Figure) -> tuple[str, ...]:
    figures = f"{number(old.ours)} -> {number(new.ours)} {new.unit}"
    ratios = f"{number(old.value.median)} -> {number(new.value.median)} × {new.other}" if new.other else ""
    return (new.title, new.load, STATS[new.stat], figures, ratios)


def _word(one: Figure, worse: float) -> str:
    words = ("slower", "faster") if one.unit in {"ms", "/s"} else ("more", "less")
    return words[worse < 1]


def pace(before: Sequence[Figure], after: Sequence[Figure]) -> float:
    """The factor by which floors and peers are slower than before: the part of a change that the machine or libraries cause."""
    known = {one.key: one for one in before}
    factors = [
        one.theirs / then
        for one in after
        if one.theirs and one.unit == "ms" and one.stat == "p50" and not one.is_against_itself
        if (old := known.get(one.key)) and (then := old.theirs)
    ]
    return median(factors or [1.0])
