"""The file of kept figures."""

from bench import figures
from bench.cases.promises import GOALS
from bench.figures import Kept
from bench.stats import Spread
from tests.bench.made import a_figure


def test_figures_come_back_from_their_lines_as_they_were() -> None:
    found = (
        a_figure(5, load="", setup="redis"),
        a_figure(3, 2, load="1 client", value=Spread(median=1.25, low=1, high=2), at_least=True),
        a_figure(7, load="16 clients", limit=None),
    )
    kept = Kept({"embedded": "taken on Monday", "redis": "taken on Tuesday"}, found)
    assert Kept.load(kept.dump().splitlines()) == kept


def test_lines_are_sorted_in_whichever_order_figures_were_measured() -> None:
    first, second = a_figure(1, title="a"), a_figure(2, title="b")
    assert Kept({}, (second, first)).dump() == Kept({}, (first, second)).dump()


def test_a_new_run_replaces_the_figures_of_its_set_up_only() -> None:
    old = Kept(
        {"embedded": "old", "redis": "old"}, (a_figure(1), a_figure(1, title="gone"), a_figure(2, setup="redis"))
    )
    new = Kept({"embedded": "new"}, (a_figure(3),))
    assert old.replaced_by(new) == Kept({"embedded": "new", "redis": "old"}, (a_figure(2, setup="redis"), a_figure(3)))


def test_the_kept_file_is_canonical_and_has_figures_of_goals_only() -> None:
    kept = figures.kept()
    assert kept.dump() == figures.FILE.read_text()
    titles = {(goal.title, goal.other) for goal in GOALS}
    assert {(one.title, one.other) for one in kept.figures} <= titles
