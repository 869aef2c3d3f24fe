"""The schedules that a rule matches, and the combined demands of several rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.globs import Globs
from bot.core.rights import Rights
from bot.core.rules import Notify, Rule, RuleBook, Terms, terms
from bot.core.search import Index


@pytest.mark.parametrize(
    ("globs", "name", "task", "expected"),
    [
        pytest.param(Globs(tasks=("billing.*",)), "any", "billing.tasks.close", True, id="a task"),
        pytest.param(Globs(tasks=("billing.*",)), "any", "Billing.tasks.close", False, id="case counts in tasks"),
        pytest.param(Globs(tasks=("billing.*",)), "billing.x", "other", False, id="a glob of tasks ignores names"),
        pytest.param(Globs(schedules=("Invoice*",)), "INVOICES of May", "x", True, id="case doesn't count in names"),
        pytest.param(
            Globs(schedules=("Invoice run",)), "invoice   run ", "x", True, id="nor does the number of spaces"
        ),
        pytest.param(Globs(schedules=("*straße",)), "HAUPTSTRASSE", "x", True, id="nor does how a letter is written"),
        pytest.param(Globs(schedules=("x",), tasks=("a.b",)), "y", "a.b", True, id="either list is enough"),
        pytest.param(Globs(schedules=("invoice",)), "invoices", "x", False, id="a glob must match the whole name"),
        pytest.param(Globs(tasks=("a.?",)), "x", "a.bc", False, id="a question mark is one character"),
        pytest.param(Globs(tasks=("*",)), "x", "a\nb", True, id="a star matches everything"),
        pytest.param(Globs(), "x", "y", False, id="without globs"),
    ],
)
def test_a_rule_matches_by_task_or_by_name(globs: Globs, name: str, task: str, expected: bool) -> None:
    assert globs.match(name, task) is expected


names = st.text("aAb *", max_size=4)
globs = st.builds(
    Globs,
    tasks=st.lists(st.text("ab.*", max_size=3), max_size=2).map(tuple),
    schedules=st.lists(st.text("aAb*? []", max_size=4), max_size=2).map(tuple),
)


@given(st.lists(st.tuples(names, st.text("ab.", max_size=3), st.booleans()), max_size=20), st.lists(globs, max_size=3))
def test_an_index_without_some_schedules_finds_only_the_others(
    found: list[tuple[str, str, bool]], hidden: list[Globs]
) -> None:
    rows = [(at, name, task, enabled) for at, (name, task, enabled) in enumerate(found)]
    left = [row for row in rows if not any(one.match(row[1], row[2]) for one in hidden)]
    index, expected = Index.of(rows).without(tuple(hidden)), Index.of(left)
    for query in ("", "a", "b a"):
        assert index.search(query, 5) == expected.search(query, 5)
        assert index.named(query) == expected.named(query)
    assert set(index.rows.ids) == {row[0] for row in left}


def test_the_demands_of_several_rules_are_combined() -> None:
    strict = Rule(name="a", reason=True, kill=False, notify=Notify.NEVER, mention=("S1", "U1"), approval_hours=24)
    loud = Rule(
        name="b", one_at_a_time=True, notify=Notify.FAILURE, mention=("U1", "U2"), ask=("S2",), approval_hours=0.5
    )
    assert terms([strict, loud, Rule(name="c")]) == Terms(
        reason=True,
        one_at_a_time=True,
        kill=False,
        notify=Notify.FAILURE,
        mention=("S1", "U1", "U2"),
        ask=("S2",),
        approval_hours=0.5,
    )


def test_without_a_rule_every_end_is_posted() -> None:
    assert terms([]) == Terms()
    assert Terms().notify is Notify.ALWAYS
    assert terms([Rule(name="quiet", notify=Notify.NEVER), Rule(name="says nothing")]).notify is Notify.NEVER


def test_groups_decide_which_schedules_are_hidden_and_superusers_see_all() -> None:
    book = RuleBook((Rule(name="a", tasks=("a",), see=("finance",)), Rule(name="b", tasks=("b",), run=("ops",))))
    assert book.hiding(Rights()) == (Globs(tasks=("a",)),)
    assert book.hiding(Rights(groups=frozenset({"finance"}))) == ()
    assert book.hiding(Rights(is_superuser=True)) == ()


def test_nobody_passes_a_list_of_groups_before_their_own_were_read() -> None:
    unread = Rights(groups=None)
    assert unread.pass_list(())
    with pytest.raises(ValueError, match="haven't been read"):
        unread.pass_list(("finance",))
