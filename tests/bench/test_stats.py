"""Percentiles, rates and ratios."""

import pytest

from bench import stats


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert [stats.percentile(values, percent) for percent in (0, 50, 99, 100)] == [1, 3, 5, 5]
    with pytest.raises(ValueError, match="no values"):
        stats.percentile([], 50)


def test_a_turn_has_a_rate() -> None:
    turn = stats.of_turn([1.0] * 98 + [7.0, 9.0], seconds=2.0)
    assert (turn.p50, turn.p99, turn.worst, turn.count, turn.per_second) == (1, 7, 9, 100, 50)


def test_each_ratio_compares_times_of_the_same_round() -> None:
    """In the second round, the machine was slow for both contestants."""
    assert stats.ratio([2.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == stats.Spread(median=2, low=2, high=3)
    with pytest.raises(ValueError, match="rounds differ"):
        stats.ratio([1.0], [1.0, 2.0])
