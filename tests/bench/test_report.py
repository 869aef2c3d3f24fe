"""What is made of results: JSON, tables, and what changed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import report
from bench.goals import Goal, judge
from bench.results import Results, dump, load, merged, single
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


def test_what_is_missed_by_little_does_not_look_like_met() -> None:
    goal = Goal(title="form", experiment="command", what="open", of="floor", limit=1.25, stats=("p50",))
    rows = report.goal_rows(
        one
        for ours in (5.012, 5, 4.999, 4)
        for one in judge([goal], results(a_series("runtask", ours), a_series("floor", 4)))
    )
    assert [(row[5], row[7]) for row in rows] == [("1.253", "MISSED"), ("1.25", "met"), ("1.2497", "met"), ("1", "met")]


def test_figures_of_two_goals_are_told_apart_in_a_plot() -> None:
    goals = [
        Goal(title="`form`", experiment="command", what="open", of=of, limit=1, stats=("per_second",)) for of in "ab"
    ]
    judged = judge(goals, results(*(a_series(name, rate=5) for name in ("runtask", "a", "b"))))
    assert [report.label(one) for one in judged] == [
        "form, 1 client, rate: at most 1 × a",
        "form, 1 client, rate: at most 1 × b",
    ]


def a_change(before: Results, after: Results, **goal: Any) -> list[tuple[str, ...]]:
    goals = [
        Goal(**{"title": "form", "experiment": "command", "what": "open", "limit": 1.5, "stats": ("p50",), **goal})
    ]
    return report.changed(judge(goals, before), judge(goals, after), dict.fromkeys(report.STATS, 1.2))


def test_only_what_is_beyond_noise_has_changed() -> None:
    before = results(a_series("runtask", 10), a_series("floor", 5))
    assert a_change(before, results(a_series("runtask", 11.9), a_series("floor", 5)), of="floor") == []
    assert a_change(before, results(a_series("runtask", 20), a_series("floor", 5)), of="floor") == [
        ("form", "1 client", "p50", "10 -> 20 ms", "2 -> 4 × floor", "2.00 × slower")
    ]
    assert a_change(before, results(a_series("runtask", 2.5), a_series("floor", 5)), of="floor") == [
        ("form", "1 client", "p50", "10 -> 2.5 ms", "2 -> 0.5 × floor", "4.00 × faster")
    ]


def test_a_slower_machine_is_told_apart_from_a_slower_program() -> None:
    before = results(a_series("runtask", 10), a_series("floor", 5), a_series("again: floor", 5))
    after = results(a_series("runtask", 20), a_series("floor", 10), a_series("again: floor", 10))
    assert a_change(before, after, of="floor") == []
    assert report.pace(before, after) == 2
    assert report.pace(results(), after) == 1


def test_a_deliverer_that_posts_half_as_much_is_slower() -> None:
    """Its messages come in bursts: the time between two of them is the same in the middle."""
    before, after = (results(a_series("runtask", 1, rate=rate), a_series("loop", 50, rate=20)) for rate in (160, 80))
    assert a_change(before, after, of="loop", at_least=True, stats=("per_second",)) == [
        ("form", "1 client", "rate", "160 -> 80 /s", "8 -> 4 × loop", "2.00 × slower")
    ]


def test_growth_is_no_excuse_for_both_ends_being_slower() -> None:
    before, after = (
        results(*(a_series("runtask", taken, load=load) for load in ("100", "100,000"))) for taken in (1, 3)
    )
    (row,) = a_change(before, after, of_load="100", loads=("100,000",))
    assert row[3:] == ("1 -> 3 ms", "", "3.00 × slower")


def test_memory_is_not_slower_but_more() -> None:
    before, after = (results(single("memory", "memory", "runtask", [size], "MB")) for size in (70, 140))
    (row,) = a_change(before, after, experiment="memory", what="memory")
    assert row[3:] == ("70 -> 140 MB", "", "2.00 × more")


def test_noise_is_known_by_figure() -> None:
    twins = results(a_series("floor", 10, rate=8), a_series("again: floor", 12, rate=10))
    assert [round(report.noise_of(twins, stat), 2) for stat in ("p50", "p99", "per_second")] == [1.2, 1.2, 1.25]
    assert report.noise_of(results(a_series("floor", 10), a_series("again: floor", 12)), "per_second") == 1


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
            ("runtask", "in `core.run`", 5),
        )
    ]
    assert report.profile_rows(series) == [
        ("open", "all", "10.000 ms", "4.000 ms", "+6.000 ms"),
        ("open", "queries", "6.000 ms", "1.000 ms", "+5.000 ms"),
    ]
    assert report.function_rows(series) == [("open", "`core.run`", "5.000 ms")]


def test_a_run_of_some_experiments_leaves_the_others_kept(tmp_path: Path) -> None:
    kept, new = results(a_series("runtask", 1)), replace(results(a_series("runtask", 2)), machine={"commit": "def"})
    path = tmp_path / "embedded.json"
    assert merged(path, new) == new
    other = single("memory", "memory", "runtask", [80], "MB")
    path.write_text(dump(replace(kept, series=(*kept.series, other))))
    both = merged(path, new)
    assert both.series == (other, *new.series)
    assert both.machine["commit"] == "abc, def"
    path.write_text(dump(both))
    assert merged(path, new).machine["commit"] == "abc, def"
    path.write_text(dump(kept))
    assert merged(path, new) == new


def test_a_process_is_shown_as_it_grows() -> None:
    steps = [
        single(report.MEMORY, "memory", "runtask", [size], "MB", step)
        for step, size in (("Python", 5), ("threads", 7.5))
    ]
    assert report.memory_rows([a_series("runtask", 1), *steps]) == [
        ("Python", "5.0 MB", "+5.0 MB"),
        ("threads", "7.5 MB", "+2.5 MB"),
    ]
    assert report.memory_rows([a_series("runtask", 1)]) == []


def test_a_start_is_shown_beside_the_floors_which_skips_steps() -> None:
    steps = [
        single(report.START, "time", who, values, "ms", step)
        for who, step, values in (
            ("runtask", "Python", [20, 30, 90]),
            ("runtask", "our own", [15]),
            ("floor", "Python", [25]),
        )
    ]
    assert report.start_rows([a_series("runtask", 1), *steps]) == [
        ("Python", "30 ms", "25 ms", "+5 ms"),
        ("our own", "15 ms", "", "+15 ms"),
    ]
    assert report.start_rows([a_series("runtask", 1)]) == []


def test_the_slowest_are_shown_beside_the_usual_phase_by_phase() -> None:
    phases = [
        single(report.SLOWEST, "ack", who, [took], "ms", phase)
        for phase, usual, few in (("begins", 0.5, 2.5), ("is sent", 0.25, 0.25))
        for who, took in ((report.USUAL, usual), (report.SLOWEST_FEW, few))
    ]
    assert report.slowest_rows([a_series("runtask", 1), *phases]) == [
        ("ack", "begins", "0.50 ms", "2.50 ms", "+2.00 ms"),
        ("ack", "is sent", "0.25 ms", "0.25 ms", "+0.00 ms"),
    ]
