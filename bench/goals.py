"""Goals, and the figures that show whether a run has met them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.figures import STATS, Figure
from bench.results import OURS, Results, Series
from bench.stats import Spread, percentile, ratio, spread

AGAIN = "again: "  # begins the name of the second of two equal contestants: the difference between the two is noise


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A goal: runtask's `stat` is at most (or at least) `limit` times the `stat` of another contestant.

    The other contestant is `of`, or runtask itself under the load `of_load`. Without any, the limit is for runtask's figure
    itself. Without a limit, the figure is only shown. For a time that must be "at least 5 times better", the ratio is
    reversed: theirs divided by ours.
    """

    title: str
    experiment: str
    what: str
    limit: float | None = None
    of: str = ""
    of_load: str = ""
    loads: tuple[str, ...] = ()  # empty: all loads
    stats: tuple[str, ...] = ("p50", "p99")
    ours: str = OURS
    at_least: bool = False

    @property
    def other(self) -> str:
        return f"{OURS}, {self.of_load}" if self.of_load else self.of


def judge(goals: Iterable[Goal], results: Results) -> list[Figure]:
    """The figures for these goals. A goal whose experiment was not run has no figures."""
    noise = {stat: noise_of(results, stat) for stat in STATS}
    return [figure for goal in goals for figure in _judge(goal, results, noise)]


def _judge(goal: Goal, results: Results, noise: Mapping[str, float]) -> Iterator[Figure]:
    for ours in results.find(goal.experiment, goal.what, goal.ours):
        other = _other(goal, ours, results)
        is_asked = not goal.loads or ours.load in goal.loads
        if not is_asked or (other is None and goal.other):
            continue
        for stat in goal.stats:
            yield Figure(
                title=goal.title,
                load=ours.load,
                stat=stat,
                setup=results.setup,
                ours=ours.of(stat).median,
                unit="/s" if stat == "per_second" else ours.unit,
                value=_value(goal, stat, ours, other),
                limit=goal.limit,
                at_least=goal.at_least,
                other=goal.other,
                theirs=None if other is None else other.of(stat).median,
                noise=noise[stat],
            )


def _other(goal: Goal, ours: Series, results: Results) -> Series | None:
    found = results.find(goal.experiment, goal.what, goal.of or goal.ours)
    wanted = goal.of_load or ours.load
    return next((one for one in found if one.load == wanted), None) if goal.other else None


def _value(goal: Goal, stat: str, ours: Series, other: Series | None) -> Spread:
    if other is None:
        return spread(ours.values(stat))
    if goal.at_least and stat != "per_second":
        return ratio(other.values(stat), ours.values(stat))
    return ratio(ours.values(stat), other.values(stat))


def noise_of(results: Results, stat: str = "p50") -> float:
    """The factor by which two equal contestants differ, by the medians of their rounds: the 95th percentile of all pairs.

    1 if there are no pairs.
    """
    factors = []
    for one in results.series:
        if one.contestant.startswith(AGAIN):
            equal = (one.experiment, one.what, one.load, one.contestant.removeprefix(AGAIN))
            twin = next((other for other in results.series if other.key == equal), None)
            if twin is not None and all(twin.values(stat)):
                between = ratio(one.values(stat), twin.values(stat)).median
                factors.append(max(between, 1 / between))
    return percentile(factors, 95) if factors else 1.0
