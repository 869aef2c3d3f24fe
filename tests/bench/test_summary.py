"""The figures that come first."""

from bench import summary
from bench.cases.promises import GOALS
from bench.goals import Goal, judge
from tests.bench.made import a_series, results


def test_they_are_figures_of_goals() -> None:
    assert {(title, other, stat) for title, other, _, stat in summary.FIRST} <= {
        (goal.title, goal.other, stat) for goal in GOALS for stat in goal.stats
    }


def test_a_set_up_that_has_not_measured_one_leaves_its_cell_empty() -> None:
    title, other, load, stat = summary.FIRST[0]
    goal = Goal(title=title, experiment="command", what="open", of=other, limit=1.5, stats=(stat,))
    judged = judge([goal], results(a_series("runtask", 8, load=load), a_series(other, 4, load=load)))
    assert summary.rows({"one": judged, "two": []}) == [
        ("/runtask → form, Socket Mode, 1 client", "at most 1.5 × open", "**8 ms, 2 ×**", ""),
        ("figures within their goals", "", "0 of 1", "0 of 0"),
    ]
