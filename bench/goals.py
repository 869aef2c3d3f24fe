"""What is promised, and whether a run kept it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bench.results import OURS, Results, Series
from bench.stats import Spread, ratio, spread

AGAIN = "again: "  # the same contestant a second time: how far two equals are apart on this machine


@dataclass(frozen=True, kw_only=True)
class Goal:
    """`stat` of ours, at most (or at least) `limit` times that of another; without another, the figure itself.

    The other is the contestant `of`, or ourselves under the load `of_load`. A time that must be "at least 5 times
    better" is compared the other way round.
    """

    title: str
    experiment: str
    what: str
    limit: float
    of: str = ""
    of_load: str = ""
    loads: tuple[str, ...] = ()  # empty: each
    stats: tuple[str, ...] = ("p50", "p99")
    ours: str = OURS
    at_least: bool = False

    @property
    def other(self) -> str:
        return self.of or self.of_load

    @property
    def words(self) -> str:
        bound = "at least" if self.at_least else "at most"
        return f"{bound} {self.limit:g}" + (f" × {self.other}" if self.other else "")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One figure of a goal; `theirs` is None for a figure that stands alone."""

    goal: Goal
    load: str
    stat: str
    unit: str
    ours: Spread
    theirs: Spread | None
    value: Spread  # what is compared with the limit
    noise: Spread | None  # the same ratio between two equals

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The same in every run, whatever the limit."""
        return (self.goal.title, self.goal.other, self.load, self.stat)

    @property
    def words(self) -> str:
        return self.goal.words if self.theirs else f"{self.goal.words} {self.unit}"

    @property
    def met(self) -> bool:
        limit = self.goal.limit
        return self.value.median >= limit if self.goal.at_least else self.value.median <= limit


def judge(goals: Iterable[Goal], results: Results) -> list[Judged]:
    """Goals whose experiment was not run are left out."""
    return [judged for goal in goals for judged in _judge(goal, results)]


def _judge(goal: Goal, results: Results) -> Iterator[Judged]:
    for ours in results.find(goal.experiment, goal.what, goal.ours):
        other = _other(goal, ours, results)
        is_asked = not goal.loads or ours.load in goal.loads
        if not is_asked or (other is None and goal.other):
            continue
        for stat in goal.stats:
            yield Judged(
                goal=goal,
                load=ours.load,
                stat=stat,
                unit="/s" if stat == "per_second" else ours.unit,
                ours=ours.of(stat),
                theirs=None if other is None else other.of(stat),
                value=_value(goal, stat, ours, other),
                noise=_noise(goal, stat, ours.load, results),
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


def _noise(goal: Goal, stat: str, load: str, results: Results) -> Spread | None:
    first, second = (
        next((one for one in results.find(goal.experiment, goal.what, name) if one.load == load), None)
        for name in (goal.of, AGAIN + goal.of)
    )
    return ratio(second.values(stat), first.values(stat)) if first is not None and second is not None else None
