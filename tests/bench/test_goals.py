"""The figure of a goal, and when the goal is met."""

from typing import Any

from bench import cases, goals
from bench.cases.promises import GOALS
from bench.goals import Goal, judge
from bench.results import single
from bench.stats import Spread
from tests.bench.made import a_series, results


def a_goal(**changes: Any) -> Goal:
    fields = {"title": "form", "experiment": "command", "what": "open", "of": "floor", "limit": 1.5, "stats": ("p50",)}
    return Goal(**{**fields, **changes})


def test_a_ratio_is_the_median_of_the_rounds_with_its_range() -> None:
    found = results(a_series("runtask", 2, 3, 2), a_series("floor", 2, 2, 2))
    (figure,) = judge([a_goal()], found)
    assert figure.value == Spread(median=1, low=1, high=1.5)
    assert figure.words == "at most 1.5 × floor"
    assert figure.met


def test_an_at_least_goal_divides_their_time_by_ours_and_our_rate_by_theirs() -> None:
    found = results(a_series("runtask", 1, rate=30), a_series("peer", 6, rate=40))
    times, rates = judge([a_goal(of="peer", at_least=True, limit=0.7, stats=("p50", "per_second"))], found)
    assert (times.value.median, rates.value.median) == (6, 0.75)
    assert times.met
    assert rates.met


def test_a_goal_without_another_contestant_limits_our_own_figure() -> None:
    (figure,) = judge([a_goal(of="", limit=0.9)], results(a_series("runtask", 1)))
    assert figure.theirs is None
    assert figure.words == "at most 0.9 ms"
    assert not figure.met


def test_a_goal_without_a_limit_only_shows_the_figure() -> None:
    (figure,) = judge([a_goal(of="", limit=None)], results(a_series("runtask", 1)))
    assert figure.words == ""
    assert figure.met


def test_growth_compares_two_loads_of_runtask() -> None:
    found = results(a_series("runtask", 1, load="100"), a_series("runtask", 3, load="100,000"))
    (figure,) = judge([a_goal(of="", of_load="100", loads=("100,000",), limit=4)], found)
    assert (figure.value.median, figure.words) == (3, "at most 4 × runtask, 100")
    assert figure.is_against_itself


def test_the_share_of_a_limit_is_above_1_if_the_goal_is_missed() -> None:
    found = results(a_series("runtask", 3), a_series("floor", 1))
    (most,) = judge([a_goal()], found)
    (least,) = judge([a_goal(at_least=True, limit=0.5)], found)
    assert [round(one.used(one.value.median), 2) for one in (most, least)] == [2, 1.5]
    assert not most.met
    assert not least.met


def test_the_noise_of_few_pairs_is_that_of_the_noisiest() -> None:
    one = (a_series("floor", 10), a_series("again: floor", 12))
    two = (a_series("open", 10), a_series("again: open", 15))
    assert round(goals.noise_of(results(*one, *two)), 2) == 1.5


def test_a_contestant_that_runs_twice_shows_how_large_the_noise_is() -> None:
    twins = results(a_series("runtask", 10), a_series("floor", 10, rate=8), a_series("again: floor", 12, rate=10))
    assert [round(goals.noise_of(twins, stat), 2) for stat in ("p50", "p99", "per_second")] == [1.2, 1.2, 1.25]
    assert goals.noise_of(results(a_series("floor", 10), a_series("again: floor", 12)), "per_second") == 1
    (figure,) = judge([a_goal()], twins)
    assert round(figure.noise, 2) == 1.2


def test_a_goal_has_no_figure_if_its_experiment_was_not_run() -> None:
    assert judge([a_goal()], results(a_series("runtask", 1))) == []
    assert judge([a_goal()], results(single("memory", "memory", "runtask", [80], "MB"))) == []


def test_every_goal_belongs_to_an_experiment() -> None:
    assert {goal.experiment.partition("/")[0] for goal in GOALS} <= set(cases.NAMES)


def test_no_two_goals_share_a_key() -> None:
    keys = [(goal.title, goal.other, stat) for goal in GOALS for stat in goal.stats]
    assert len(keys) == len(set(keys))
