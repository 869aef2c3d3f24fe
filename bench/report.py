"""Makes rows of tables from results, and text from tables."""

from collections.abc import Iterable, Sequence

from bench.figures import STATS, Figure
from bench.results import OURS, Series
from bench.stats import Spread


def number(value: float, digits: int = 3) -> str:
    """A number rounded to `digits` significant digits, without an exponent."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if value else "0"


def shown(value: Spread, digits: int = 3) -> str:
    """The median of the rounds, with their range."""
    if value.low == value.high:
        return number(value.median, digits)
    return f"{number(value.median, digits)} ({number(value.low)}–{number(value.high)})"


def telling_digits(value: float, limit: float) -> int:
    """The number of digits that shows on which side of the limit the value is."""
    different = (digits for digits in range(3, 17) if number(value, digits) != number(limit, digits))
    return next(different, 3)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a terminal."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    )


FIGURES_HEAD = ("figure", "load", "stat", OURS, "compared with", "ratio", "goal", "")


def figure_rows(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    return [
        (
            one.title,
            one.load,
            STATS[one.stat],
            f"{number(one.ours) if one.other else _value(one)} {one.unit}",
            "" if one.theirs is None else f"{number(one.theirs)} {one.unit}",
            _value(one) if one.other else "",
            one.words,
            "" if one.limit is None else "met" if one.met else "MISSED",
        )
        for one in figures
    ]


def _value(one: Figure) -> str:
    return shown(one.value, 3 if one.limit is None else telling_digits(one.value.median, one.limit))


SERIES_HEAD = ("what", "load", "contestant", "p50", "p99", "per second")


def series_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """The rows of all series but profiles, which have a separate table."""
    return [
        (
            f"{one.experiment}: {one.what}",
            one.load,
            one.contestant,
            f"{shown(one.of('p50'))} {one.unit}",
            f"{shown(one.of('p99'))} {one.unit}" if one.rounds[0].count > 1 else "",
            shown(one.of("per_second")) if any(one.values("per_second")) else "",
        )
        for one in series
        if one.experiment != PROFILE
    ]


PROFILE = "profile"  # the experiment's name
FLOOR = "floor"  # the name of a contestant in profiles
PROFILE_HEAD = ("operation", "part", OURS, FLOOR, "difference")
LEAST = 0.02  # the smallest share of an operation that is shown


def profile_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """The cost of an operation by part of the program, beside the floor's, the largest first."""
    costs: dict[str, dict[str, dict[str, float]]] = {}
    for one in series:
        if one.experiment == PROFILE:
            costs.setdefault(one.what, {}).setdefault(one.load, {})[one.contestant] = one.of("p50").median
    rows: list[tuple[str, ...]] = []
    for what, parts in costs.items():
        least = LEAST * parts["all"].get(OURS, 0.0)
        for part, by in sorted(parts.items(), key=lambda item: -max(item[1].values())):
            ours, floor = by.get(OURS, 0.0), by.get(FLOOR, 0.0)
            if max(ours, floor) > least:
                rows.append((what, part, f"{ours:.3f} ms", f"{floor:.3f} ms", f"{ours - floor:+.3f} ms"))
    return rows
