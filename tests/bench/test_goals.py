"""Whether a goal is met."""

from typing import Any

from bench.cases import EXPERIMENTS
from bench.cases.promises import GOALS
from bench.goals import Goal, judge
from bench.stats import Spread
from tests.bench.made import a_series, results


def a_goal(**changes: Any) -> Goal:
    fields = {"title": "form", "experiment": "command", "what": "open", "of": "floor", "limit": 1.5, "stats": ("p50",)}
    return Goal(**{**fields, **changes})


def test_a_ratio_is_the_median_of_the_rounds_with_its_range() -> None:
    found = results(a_series("runtask", 2, 3, 2), a_series("floor", 2, 2, 2))
    (judged,) = judge([a_goal()], found)
    assert judged.value == Spread(median=1, low=1, high=1.5)
    assert judged.met


def test_at_least_five_times_better_is_the_other_way_round_for_times_only() -> None:
    found = results(a_series("runtask", 1, rate=30), a_series("peer", 6, rate=40))
    times, rates = judge([a_goal(of="peer", at_least=True, limit=0.7, stats=("p50", "per_second"))], found)
    assert (times.value.median, rates.value.median) == (6, 0.75)
    assert times.met
    assert rates.met


def test_a_figure_may_stand_alone() -> None:
    (judged,) = judge([a_goal(of="", limit=0.9)], results(a_series("runtask", 1)))
    assert judged.theirs is None
    assert judged.words == "at most 0.9 ms"
    assert not judged.met


def test_growth_compares_two_loads_of_ours() -> None:
    found = results(a_series("runtask", 1, load="100"), a_series("runtask", 3, load="100,000"))
    (judged,) = judge([a_goal(of="", of_load="100", loads=("100,000",), limit=4)], found)
    assert judged.value.median == 3


def test_the_same_contestant_twice_tells_the_noise() -> None:
    found = results(a_series("runtask", 1, 1), a_series("floor", 1, 2), a_series("again: floor", 2, 2))
    (judged,) = judge([a_goal()], found)
    assert judged.noise == Spread(median=1.5, low=1, high=2)


def test_what_was_not_run_is_not_judged() -> None:
    assert judge([a_goal()], results(a_series("runtask", 1))) == []


def test_every_goal_is_of_an_experiment_that_there_is() -> None:
    assert {goal.experiment.partition("/")[0] for goal in GOALS} <= set(EXPERIMENTS)
