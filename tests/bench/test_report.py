"""What is made of results: JSON, tables, and what changed."""

from dataclasses import replace
from pathlib import Path

from bench import report
from bench.goals import Goal, judge
from bench.results import dump, load, merged, single
from tests.bench.made import a_series, results


def test_results_come_back_from_json_as_they_were() -> None:
    found = results(a_series("runtask", 1, 2), a_series("floor", 3))
    assert load(dump(found)) == found


def test_a_missed_goal_is_seen_in_its_row() -> None:
    goal = Goal(title="form", experiment="command", what="open", of="floor", limit=1.5, stats=("p50",))
    found = results(a_series("runtask", 2, 3, 4), a_series("floor", 1, 1, 1))
    (row,) = report.goal_rows(judge([goal], found))
    assert row == (
        "form", "1 client", "p50", "3 (2–4) ms", "1 ms", "3 (2–4)", "at most 1.5 × floor", "MISSED", "",
    )  # fmt: skip


def test_only_what_is_beyond_noise_has_changed() -> None:
    before = results(a_series("runtask", 10), a_series("floor", 10), a_series("again: floor", 12))
    after = results(a_series("runtask", 11.9), a_series("floor", 20), a_series("again: floor", 20))
    assert [row[2:] for row in report.changed(before, after)] == [("floor", "10 -> 20 ms", "2.00 × slower")]


def test_numbers_are_read_by_people() -> None:
    assert [report.number(value) for value in (0, 0.01234, 1.5, 123.4, 12345.6)] == [
        "0",
        "0.0123",
        "1.5",
        "123",
        "12,346",
    ]


def test_tables_have_a_cell_for_each_column() -> None:
    table = report.markdown(("a", "b"), [("1", "2")])
    assert table.splitlines() == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]
    assert report.columns(("a", "b"), [("long", "2")]) == "a     b\nlong  2"


def test_a_profile_shows_what_ours_costs_beyond_the_floor() -> None:
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
        ("open", "all", "10 ms", "4 ms", "+6.00 ms"),
        ("open", "queries", "6 ms", "1 ms", "+5.00 ms"),
    ]


def test_a_run_of_some_experiments_leaves_the_others_kept(tmp_path: Path) -> None:
    kept, new = results(a_series("runtask", 1)), results(a_series("runtask", 2))
    path = tmp_path / "embedded.json"
    assert merged(path, new) == new
    other = single("memory", "memory", "runtask", [80], "MB")
    path.write_text(dump(replace(kept, series=(*kept.series, other))))
    assert merged(path, new).series == (other, *new.series)
