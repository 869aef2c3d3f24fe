"""Results -> text: the table of goals, a table per experiment, and what changed since another run. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from bench.goals import AGAIN, Judged
from bench.results import OURS, Results, Series
from bench.stats import Spread, ratio

STATS = {"p50": "p50", "p99": "p99", "per_second": "rate", "worst": "slowest"}
HEAD = ("what", "load", "figure", "runtask", "compared with", "ratio", "goal", "", "two equals")
CLEARLY = 1.1  # times: what differs by less than noise and this is nothing


def number(value: float, digits: int = 3) -> str:
    """So many significant digits, no exponent."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if value else "0"


def shown(value: Spread, digits: int = 3) -> str:
    """The median of the rounds, with their range."""
    if value.low == value.high:
        return number(value.median, digits)
    return f"{number(value.median, digits)} ({number(value.low)}–{number(value.high)})"


def telling(value: float, limit: float) -> int:
    """Digits that tell the two apart: a missed goal must not look like one that is just met."""
    different = (digits for digits in range(3, 17) if number(value, digits) != number(limit, digits))
    return next(different, 3)


def label(one: Judged) -> str:
    """With the other's name: there are goals that differ by nothing else."""
    where = ", ".join(filter(None, (one.goal.title.replace("`", ""), one.load)))
    return f"{where}, {STATS[one.stat]}: {one.words}"


def goal_rows(judged: Iterable[Judged]) -> list[tuple[str, ...]]:
    return [
        (
            one.goal.title,
            one.load,
            STATS[one.stat],
            f"{shown(one.ours)} {one.unit}",
            f"{number(one.theirs.median)} {one.unit}" if one.theirs else "",
            shown(one.value, telling(one.value.median, one.goal.limit)) if one.theirs else "",
            one.words,
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
        if not one.load.startswith(FUNCTION)  # those that count are in a table of their own
    ]


SERIES_HEAD = ("what", "load", "who", "p50", "p99", "per second")


FLOOR = "floor"  # a contestant of profiles
PROFILE_HEAD = ("operation", "where", OURS, FLOOR, "more")
LEAST = 0.02  # of an operation; smaller parts are left out


def profile_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """What an operation costs by part of the program, beside the floor's, the dearest first."""
    rows: list[tuple[str, ...]] = []
    for what, parts in _costs(series).items():
        least = LEAST * parts["all"].get(OURS, 0.0)
        for part, by in sorted(parts.items(), key=lambda item: -max(item[1].values())):
            mine, floor = by.get(OURS, 0.0), by.get(FLOOR, 0.0)
            if max(mine, floor) > least and not part.startswith(FUNCTION):
                rows.append((what, part, f"{mine:.3f} ms", f"{floor:.3f} ms", f"{mine - floor:+.3f} ms"))
    return rows


FUNCTION = "in "  # begins the name of a part that is a function of ours
FUNCTIONS_HEAD = ("operation", "function", "runtask")


def function_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """The same by function of ours, each with all that it calls of others."""
    rows: list[tuple[str, ...]] = []
    for what, parts in _costs(series).items():
        least = LEAST * parts["all"].get(OURS, 0.0)
        ours = {part: by[OURS] for part, by in parts.items() if part.startswith(FUNCTION)}
        dearest = sorted(ours.items(), key=lambda item: -item[1])
        rows += [(what, part.removeprefix(FUNCTION), f"{cost:.3f} ms") for part, cost in dearest if cost > least]
    return rows


def _costs(series: Iterable[Series]) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds by operation, part and contestant."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for one in series:
        if one.experiment == "profile":
            found.setdefault(one.what, {}).setdefault(one.load, {})[one.contestant] = one.of("p50").median
    return found


SLOWEST = "slowest"  # the experiment
USUAL, SLOWEST_FEW = "the middle half", "the slowest 2 %"
SLOWEST_HEAD = ("operation", "where", USUAL, SLOWEST_FEW, "more")


def slowest_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """By phase: what an operation usually takes, and what the slowest take."""
    phases: dict[tuple[str, str], dict[str, float]] = {}
    for one in series:
        if one.experiment == SLOWEST:
            phases.setdefault((one.what, one.load), {})[one.contestant] = one.of("p50").median
    return [
        (what, phase, f"{by[USUAL]:.2f} ms", f"{by[SLOWEST_FEW]:.2f} ms", f"{by[SLOWEST_FEW] - by[USUAL]:+.2f} ms")
        for (what, phase), by in phases.items()
    ]


MEMORY = "memory/profile"  # the experiment
MEMORY_HEAD = ("step", "memory", "more")


def memory_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """A process as it grows, step by step."""
    sizes = {one.load: one.of("p50").median for one in series if one.experiment == MEMORY}
    growth = pairwise([0.0, *sizes.values()])
    return [
        (step, f"{now:.1f} MB", f"{now - before:+.1f} MB") for step, (before, now) in zip(sizes, growth, strict=True)
    ]


START = "ready/profile"  # the experiment
START_HEAD = ("step", OURS, FLOOR, "more")


def start_rows(series: Iterable[Series]) -> list[tuple[str, ...]]:
    """A process as it starts, step by step, beside the floor, which takes some of the steps."""
    steps: dict[str, dict[str, float]] = {}
    for one in series:
        if one.experiment == START:
            steps.setdefault(one.load, {})[one.contestant] = one.of("p50").median
    rows: list[tuple[str, ...]] = []
    for step, by in steps.items():
        mine, floor = by[OURS], by.get(FLOOR)
        rows.append(
            (step, f"{mine:.0f} ms", "" if floor is None else f"{floor:.0f} ms", f"{mine - (floor or 0):+.0f} ms")
        )
    return rows


CHANGED_HEAD = ("what", "load", "figure", OURS, "compared", "")
TICK = 0.1  # the least that is told apart from nothing: a tick of the clock, in percent of a core


def changed(before: Iterable[Judged], after: Iterable[Judged], noise: Mapping[str, float]) -> list[tuple[str, ...]]:
    """What the goals are about, where it differs by more than `noise` (by figure), the worst first.

    Next to a floor or a peer, the ratio counts: a machine that has become slower takes them along.
    """
    known = {one.key: one for one in before}
    rows: list[tuple[float, tuple[str, ...]]] = []
    for one in after:
        old = known.get(one.key)
        if old is None:
            continue
        factor = (_compared(one) or TICK) / (_compared(old) or TICK)
        worse = 1 / factor if one.goal.at_least else factor
        if max(worse, 1 / worse) > max(noise[one.stat], CLEARLY):
            rows.append((worse, (*_from_to(old, one), f"{max(worse, 1 / worse):.2f} × {_word(one, worse)}")))
    return [row for _, row in sorted(rows, key=lambda item: -item[0])]


def _compared(one: Judged) -> float:
    """A ratio to ourselves under another load would stay the same if both became slower."""
    return (one.value if one.goal.of else one.ours).median


def _from_to(old: Judged, new: Judged) -> tuple[str, ...]:
    figures = f"{number(old.ours.median)} -> {number(new.ours.median)} {new.unit}"
    ratios = f"{number(old.value.median)} -> {number(new.value.median)} × {new.goal.of}" if new.goal.of else ""
    return (new.goal.title, new.load, STATS[new.stat], figures, ratios)


def _word(one: Judged, worse: float) -> str:
    words = ("slower", "faster") if one.unit in {"ms", "/s"} else ("more", "less")
    return words[worse < 1]


def pace(before: Results, after: Results) -> float:
    """How many times as long floors take as then, in the middle: the machine's part, or the libraries'."""
    known = {one.key: one for one in before.series}
    floors = [
        one for one in after.series if AGAIN in one.contestant and OURS not in one.contestant and one.key in known
    ]
    return median([one.of("p50").median / known[one.key].of("p50").median for one in floors] or [1.0])


def noise_of(results: Results, stat: str = "p50") -> float:
    """How far the medians of two equals were apart, as a factor: the worst but one in twenty. 1 if none ran twice."""
    factors = []
    for one in results.series:
        if one.contestant.startswith(AGAIN):
            equal = (one.experiment, one.what, one.load, one.contestant.removeprefix(AGAIN))
            twin = next((other for other in results.series if other.key == equal), None)
            if twin is not None and all(twin.values(stat)):
                between = ratio(one.values(stat), twin.values(stat)).median
                factors.append(max(between, 1 / between))
    factors.sort()
    return factors[int(len(factors) * 0.95) - 1 if len(factors) > 1 else 0] if factors else 1.0
