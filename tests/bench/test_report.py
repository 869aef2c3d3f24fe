"""Results are written as JSON and as tables."""

from pathlib import Path

from bench import report
from bench.goals import Goal, judge
from bench.results import read, single, write
from tests.bench.made import a_figure, a_series, results


def test_results_come_back_from_json_as_they_were(tmp_path: Path) -> None:
    found = results(a_series("runtask", 1, 2), a_series("floor", 3))
    write(tmp_path, found)
    assert read(tmp_path) == [found]


def test_a_missed_goal_is_marked_in_its_row() -> None:
    goal = Goal(title="form", experiment="command", what="open", of="floor", limit=1.5, stats=("p50",))
    found = results(a_series("runtask", 2, 3, 4), a_series("floor", 1, 1, 1))
    assert report.figure_rows(judge([goal], found)) == [
        ("form", "1 client", "p50", "3 ms", "1 ms", "3 (2–4)", "at most 1.5 × floor", "MISSED")
    ]


def test_a_figure_without_a_comparison_shows_its_own_range() -> None:
    goal = Goal(title="form", experiment="command", what="open", stats=("p50",))
    assert report.figure_rows(judge([goal], results(a_series("runtask", 2, 3, 4)))) == [
        ("form", "1 client", "p50", "3 (2–4) ms", "", "", "", "")
    ]


def test_a_goal_missed_by_little_does_not_look_as_if_it_were_met() -> None:
    rows = report.figure_rows(a_figure(ours, 4, limit=1.25) for ours in (5.012, 5, 4.999, 4))
    assert [(row[5], row[7]) for row in rows] == [("1.253", "MISSED"), ("1.25", "met"), ("1.2497", "met"), ("1", "met")]


def test_figures_of_two_goals_are_told_apart_in_a_plot() -> None:
    labels = [a_figure(5, 5, title="`form`", stat="per_second", limit=1, other=other).label for other in "ab"]
    assert labels == ["form, 1 client, rate: at most 1 × a", "form, 1 client, rate: at most 1 × b"]


def test_numbers_are_readable() -> None:
    numbers = [report.number(value) for value in (0, 0.01234, 1.5, 123.4, 12345.6)]
    assert numbers == ["0", "0.0123", "1.5", "123", "12,346"]


def test_tables_have_a_cell_for_each_column() -> None:
    table = report.markdown(("a", "b"), [("1", "2")])
    assert table.splitlines() == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]
    assert report.columns(("a", "b"), [("long", "2")]) == "a     b\nlong  2"


def test_a_profile_shows_the_costs_beyond_the_floor() -> None:
    series = [
        single("profile", "open", who, [value], "ms", part)
        for who, part, value in (
            ("runtask", "all", 10),
            ("floor", "all", 4),
            ("runtask", "queries", 6),
            ("floor", "queries", 1),
            ("runtask", "nearly nothing", 0.1),
        )
    ]
    assert report.profile_rows(series) == [
        ("open", "all", "10.000 ms", "4.000 ms", "+6.000 ms"),
        ("open", "queries", "6.000 ms", "1.000 ms", "+5.000 ms"),
    ]
    assert report.series_rows([*series, a_series("runtask", 1)]) == [
        ("command: open", "1 client", "runtask", "1 ms", "3 ms", "")
    ]
