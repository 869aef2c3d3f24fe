"""Differences between the figures of two runs."""

from typing import Any

from bench import compare
from bench.figures import Kept
from tests.bench.made import a_figure


def a_change(before: tuple[float, ...], after: tuple[float, ...], **changes: Any) -> list[tuple[str, ...]]:
    """The rows for a figure with a noise of 1.2. `before` and `after`: its `ours` and `theirs`."""
    return compare.changed([a_figure(*before, **changes)], [a_figure(*after, **changes)])


def test_only_a_difference_beyond_the_noise_is_a_change() -> None:
    assert a_change((10, 5), (11.9, 5)) == []
    assert a_change((10, 5), (20, 5)) == [("form", "1 client", "p50", "10 -> 20 ms", "2 -> 4 × floor", "2.00 × slower")]
    assert a_change((10, 5), (2.5, 5)) == [
        ("form", "1 client", "p50", "10 -> 2.5 ms", "2 -> 0.5 × floor", "4.00 × faster")
    ]


def test_the_larger_noise_of_both_runs_counts() -> None:
    assert compare.changed([a_figure(10, 5, noise=3)], [a_figure(20, 5)]) == []
    assert compare.changed([a_figure(10, 5)], [a_figure(20, 5, noise=3)]) == []


def test_a_slower_machine_is_told_apart_from_a_slower_program() -> None:
    before, after = [a_figure(10, 5), a_figure(8)], [a_figure(20, 10), a_figure(8)]
    assert compare.changed(before[:1], after[:1]) == []
    assert compare.pace(before, after) == 2
    assert compare.pace([], after) == 1


def test_a_deliverer_that_posts_half_as_much_is_slower() -> None:
    (row,) = a_change((160, 20), (80, 20), stat="per_second", unit="/s", at_least=True)
    assert row[2:] == ("rate", "160 -> 80 /s", "8 -> 4 × floor", "2.00 × slower")


def test_a_slowdown_under_both_loads_is_reported_even_if_their_ratio_stays_the_same() -> None:
    (row,) = a_change((10, 5), (30, 15), other="runtask, 100 schedules")
    assert row[3:] == ("10 -> 30 ms", "2 -> 2 × runtask, 100 schedules", "3.00 × slower")


def test_more_memory_is_reported_as_more_and_not_as_slower() -> None:
    (row,) = a_change((70,), (140,), unit="MB")
    assert row[3:] == ("70 -> 140 MB", "", "2.00 × more")


def test_a_figure_without_a_goal_is_not_compared() -> None:
    before, after = (Kept({"embedded": "today"}, (a_figure(ours, limit=None),)) for ours in (70, 140))
    assert "no figures with goals are kept" in compare.report(before, after)


def test_each_set_up_is_compared_with_its_own_kept_figures() -> None:
    before = Kept({"embedded": "on Monday"}, (a_figure(10, 5),))
    after = Kept({"embedded": "", "redis": ""}, (a_figure(20, 5), a_figure(20, 5, setup="redis")))
    said = compare.report(before, after)
    assert "embedded: kept figures on Monday" in said
    assert "2.00 × slower" in said
    assert "redis: no figures with goals are kept" in said
    assert "No figure" in compare.report(before, before)
