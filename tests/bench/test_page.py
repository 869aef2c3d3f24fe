"""docs/performance.md agrees with the kept figures, and each kind of blank is filled."""

from bench import figures, page
from bench.cases.promises import GOALS
from bench.figures import Figure, Kept
from tests.bench.made import a_figure


def test_the_page_agrees_with_the_kept_figures() -> None:
    text = page.PAGE.read_text()
    assert text == page.text(figures.kept()), "write it: make bench ARGS=--write"
    assert page.NOT_MEASURED not in text
    assert "not explained" not in text
    assert len(text.splitlines()) <= 150


def test_every_row_of_the_table_has_a_goal() -> None:
    keys = {(goal.title, goal.other, stat) for goal in GOALS for stat in goal.stats}
    assert {(title, other, stat) for title, other, _, stat in page.ROWS} <= keys


def filled(template: str, *found: Figure) -> str:
    return page.filled(template, Kept(dict.fromkeys((one.setup for one in found), "today"), found))


def test_a_figure_is_shown_as_the_range_over_all_set_ups() -> None:
    found = [a_figure(ours, setup=setup) for ours, setup in ((2.34, "embedded"), (30.6, "redis"), (5, "rabbitmq"))]
    assert filled("{{form | 1 client | p50}}", *found) == "2.3 to 31 ms"
    assert filled("{{form | 1 client | p50}}", a_figure(3)) == "3 ms"
    assert filled("{{form | 9 clients | p50}}", *found) == page.NOT_MEASURED


def test_missed_goals_are_summed_up_and_the_worst_is_shown() -> None:
    found = (a_figure(4, 2), a_figure(9, 3, title="form, HTTP"), a_figure(1, 1, load="64 clients"))
    assert filled("({{missed form}})", *found) == "(2 of 3 figures, at worst 3 × `floor` instead of 1.5)"
    assert filled("({{missed form}})", found[2]) == "(met)"
    assert filled("({{missed form}})", a_figure(9)) == "(1 of 1 figures, at worst 9 ms instead of 1.5)"


def test_a_missed_goal_that_the_text_does_not_mention_is_named() -> None:
    found = (a_figure(9), a_figure(9, title="memory"), a_figure(1, title="start"))
    assert filled("{{missed form}}\n\n{{not explained}}\n\n.", *found).endswith("not explained yet: memory.\n\n.")
    assert filled("a\n\n{{not explained}}\n\n.", found[2]) == "a\n\n."


def test_the_table_has_a_column_for_each_set_up_and_marks_what_is_missed() -> None:
    title, other, load, stat = page.ROWS[0]
    missed = a_figure(8, 4, title=title, other=other, load=load, stat=stat)
    assert filled("{{in short}}", missed, a_figure(1, setup="redis")).splitlines() == [
        "|  | goal | Embedded default: SQLite and the embedded broker | PostgreSQL and Redis |",
        "| --- | --- | --- | --- |",
        "| /runtask → form, Socket Mode, 1 client | at most 1.5 × `open` | **8 ms, 2 ×** |  |",
        "| figures within their goals |  | 0 of 1 | 1 of 1 |",
    ]


def test_processes_are_shown_side_by_side() -> None:
    found = [
        a_figure(rate, title="submissions a second, `gunicorn`", load=load, setup="scale", limit=None)
        for load, rate in (("1 process", 97.8), ("4 processes", 167))
    ]
    assert filled("{{replicas}}", *found).splitlines()[2:] == ["| submissions a second, `gunicorn` | 97.8 |  | 167 |"]
    assert filled("{{replicas}}", a_figure()) == page.NOT_MEASURED
