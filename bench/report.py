"""Results -> text: the table of goals, a table per experiment, and what changed since another run. Pure."""

from collections.abc import Iterable, Sequence

from bench.goals import AGAIN, Judged
from bench.results import OURS, Results, Series
from bench.stats import Spread, ratio

STATS = {"p50": "p50", "p99": "p99", "per_second": "rate", "worst": "slowest"}
HEAD = ("what", "load", "figure", "runtask", "compared with", "ratio", "goal", "", "two equals")
CLEARLY = 1.1  # times: what differs by less than noise and this is nothing


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value else "0"


def shown(value: Spread) -> str:
    """The median of the rounds, with their range."""
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} ({number(value.low)}–{number(value.high)})"


def goal_rows(judged: Iterable[Judged]) -> list[tuple[str, ...]]:
    return [
        (
            one.goal.title,
            one.load,
            STATS[one.stat],
            f"{shown(one.ours)} {one.unit}",
            f"{number(one.theirs.median)} {one.unit}" if one.theirs else "",
            shown(one.value) if one.theirs else "",
            one.goal.words,
            "met" if one.met else "MISSED",
            f"{number(one.noise.low)}–{number(one.noise.high)}" if one.noise else "",
        )
        for one in judged
    ]


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """For a terminal."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    )


def series_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
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
    ]


SERIES_HEAD = ("what", "load", "who", "p50", "p99", "per second")


PROFILE_HEAD = ("operation", "where", "runtask", "floor", "more")


def profile_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """What an operation costs by part of the program, beside the floor's; what costs nothing to speak of is left out."""
    cost: dict[tuple[str, str], dict[str, float]] = {}
    for one in series:
        if one.experiment == "profile":
            cost.setdefault((one.what, one.load), {})[one.contestant] = one.of("p50").median
    rows: list[tuple[str, ...]] = []
    for (what, part), by in cost.items():
        mine, floor = by.get(OURS, 0.0), by.get("floor", 0.0)
        if max(mine, floor) > 0.02 * cost[what, "all"].get(OURS, 0.0):
            rows.append((what, part, f"{number(mine)} ms", f"{number(floor)} ms", f"{mine - floor:+.2f} ms"))
    return rows


def changed(before: Results, after: Results) -> list[tuple[str, ...]]:
    """What differs by more than this machine's noise, the worst first; noise: the widest of two equals, both runs."""
    known = {one.key: one for one in before.series}
    noise = max(noise_of(before), noise_of(after), CLEARLY)
    rows: list[tuple[float, tuple[str, ...]]] = []
    for one in after.series:
        old = known.get(one.key)
        if old is None or AGAIN in one.contestant:
            continue
        factor = one.of("p50").median / (old.of("p50").median or 1)
        if factor > noise or factor < 1 / noise:
            word = "slower" if factor > 1 else "faster"
            figures = f"{number(old.of('p50').median)} -> {number(one.of('p50').median)} {one.unit}"
            rows.append(
                (factor, (f"{one.experiment}: {one.what}", one.load, one.contestant, figures, f"{factor:.2f} × {word}"))
            )
    return [row for _, row in sorted(rows, key=lambda item: -item[0])]


def noise_of(results: Results) -> float:
    """How far the medians of two equals were apart, as a factor: the worst but one in twenty. 1 if none ran twice."""
    factors = []
    for one in results.series:
        if one.contestant.startswith(AGAIN):
            equal = (one.experiment, one.what, one.load, one.contestant.removeprefix(AGAIN))
            twin = next((other for other in results.series if other.key == equal), None)
            if twin is not None:
                between = ratio(one.values("p50"), twin.values("p50")).median
                factors.append(max(between, 1 / between))
    factors.sort()
    return factors[int(len(factors) * 0.95) - 1 if len(factors) > 1 else 0] if factors else 1.0
