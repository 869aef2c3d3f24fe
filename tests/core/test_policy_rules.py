"""Rules decide who may do what."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.bound import problems
from bot.core.entry import BY_PEOPLE, Entry
from bot.core.model import Actor, ChannelId
from bot.core.policy import Subject, may
from bot.core.reasons import Code
from bot.core.rights import EVERYTHING, Action, Rights
from bot.core.rules import Notify, Rule, terms
from tests.factories import an_actor

FRIDAY_EVENING = datetime(2026, 11, 27, 18, tzinfo=UTC)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
SEE, RUN, STOP = Action.SEE, Action.RUN, Action.STOP


def member(*groups: str, **changes: Any) -> Actor:
    return an_actor(rights=Rights(groups=frozenset(groups), permitted=EVERYTHING), **changes)


def permitted(*actions: Action) -> Actor:
    return an_actor(rights=Rights(permitted=frozenset(actions)))


NOBODY = member()
FINANCE = member("finance")
SUPPORT = member("support")
ROOT = an_actor(rights=Rights(is_superuser=True, permitted=EVERYTHING))
BILLING = Rule(name="Billing", tasks=("*",), see=("finance", "support"), run=("finance",), stop=("finance", "support"))
OPS = Rule(name="Ops", tasks=("*",), run=("ops",))
SLACK_ONLY = Rule(name="Slack", tasks=("*",), entries=(Entry.SLACK,))
IN_C1 = Rule(name="C1", tasks=("*",), channels=("C1",))
WEEKEND = Rule(name="Weekend", tasks=("*",), closed=("Fri 16:00-Mon 06:00 Europe/Berlin",))
FOUR_EYES = Rule(name="Four eyes", tasks=("*",), approvals=1)
NO_KILL = Rule(name="No kill", tasks=("*",), kill=False)

TABLE: list[Any] = [
    # actor, action, rules, circumstances, expected
    (NOBODY, SEE, (), {}, None),
    (NOBODY, RUN, (), {}, None),
    (NOBODY, SEE, (BILLING,), {}, Code.HIDDEN),
    (NOBODY, RUN, (BILLING,), {}, Code.HIDDEN),
    (NOBODY, STOP, (BILLING,), {}, Code.HIDDEN),
    (SUPPORT, SEE, (BILLING,), {}, None),
    (SUPPORT, RUN, (BILLING,), {}, Code.RULE_RUN),
    (SUPPORT, STOP, (BILLING,), {}, None),
    (FINANCE, RUN, (BILLING,), {}, None),
    (FINANCE, RUN, (BILLING, OPS), {}, Code.RULE_RUN),
    (member("finance", "ops"), RUN, (BILLING, OPS), {}, None),
    (FINANCE, STOP, (BILLING, OPS), {}, None),
    (ROOT, RUN, (BILLING, OPS), {}, None),
    (ROOT, RUN, (BILLING, SLACK_ONLY), {"entry": Entry.API}, Code.RULE_ENTRIES),
    (ROOT, RUN, (WEEKEND,), {"now": FRIDAY_EVENING}, Code.CLOSED),
    (ROOT, RUN, (), {"paused": "freeze"}, Code.PAUSED),
    (NOBODY, RUN, (FOUR_EYES,), {}, None),  # the run is allowed, but waits for approval
    (ROOT, STOP, (NO_KILL,), {"kill": True}, Code.RULE_KILL),
    (NOBODY, STOP, (NO_KILL,), {}, None),
    (NOBODY, RUN, (SLACK_ONLY,), {"entry": Entry.SLACK}, None),
    (NOBODY, RUN, (SLACK_ONLY,), {"entry": Entry.WEB}, Code.RULE_ENTRIES),
    (NOBODY, SEE, (SLACK_ONLY,), {"entry": Entry.WEB}, None),
    (NOBODY, RUN, (IN_C1,), {"entry": Entry.SLACK, "channel": ChannelId("C1")}, None),
    (NOBODY, RUN, (IN_C1,), {"entry": Entry.SLACK, "channel": ChannelId("C2")}, Code.RULE_CHANNELS),
    (NOBODY, RUN, (IN_C1,), {"entry": Entry.SLACK, "channel": ChannelId("")}, Code.RULE_CHANNELS),
    (NOBODY, RUN, (IN_C1,), {"entry": Entry.SLACK}, None),  # a form that isn't in a channel yet
    (NOBODY, RUN, (IN_C1,), {"entry": Entry.WEB}, None),
    (NOBODY, RUN, (WEEKEND,), {"now": NOON}, None),
    (NOBODY, SEE, (WEEKEND,), {"now": FRIDAY_EVENING}, None),
    (NOBODY, STOP, (WEEKEND,), {"now": FRIDAY_EVENING, "paused": "freeze"}, None),
    (NOBODY, SEE, (), {"owner": "1"}, None),  # the run is the actor's own
    (NOBODY, SEE, (), {"owner": "2"}, Code.HIDDEN),
    (NOBODY, SEE, (), {"owner": ""}, Code.HIDDEN),
    (ROOT, SEE, (), {"owner": "2"}, None),
    (permitted(), SEE, (), {}, Code.NO_PERMISSION),
    (permitted(RUN), RUN, (), {}, Code.NO_PERMISSION),
    (permitted(SEE), SEE, (), {}, None),
    (permitted(SEE), RUN, (), {}, Code.NO_PERMISSION),
    (permitted(SEE, RUN), RUN, (), {}, None),
    (permitted(SEE, RUN), STOP, (), {}, Code.NO_PERMISSION),
    (permitted(SEE, STOP), STOP, (), {}, None),
    (permitted(SEE, RUN), RUN, (OPS,), {}, Code.RULE_RUN),
]


@pytest.mark.parametrize(("actor", "action", "rules", "circumstances", "expected"), TABLE)
def test_rules_decide_who_may_do_what(
    actor: Actor, action: Action, rules: tuple[Rule, ...], circumstances: Any, expected: Code | None
) -> None:
    denied = may(actor, action, Subject(**{"rules": rules, "now": NOON} | circumstances))
    assert (None if denied is None else denied.code) is expected


def test_a_refusal_names_the_rule_and_whom_to_ask() -> None:
    denied = may(SUPPORT, RUN, Subject(rules=(BILLING,), now=NOON))
    assert denied is not None
    assert denied.params == {"rule": "Billing", "groups": "finance"}


def test_a_refusal_by_a_window_says_when_no_window_is_closed_any_more() -> None:
    longer = replace(WEEKEND, name="Longer", closed=("Mon 00:00-Mon 09:00 UTC",))
    denied = may(ROOT, RUN, Subject(rules=(WEEKEND, longer), now=FRIDAY_EVENING))
    assert denied is not None
    assert denied.params == {"rule": "Weekend", "until": "2026-11-30 10:00 Europe/Berlin"}


groups = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2).map(tuple)
days = st.integers(1, 3).map(
    lambda most: {"properties": {"days": {"type": "integer", "maximum": most}}, "required": ["days"]}
)
any_rule = st.builds(
    Rule,
    name=st.just("r"),
    see=groups,
    run=groups,
    stop=groups,
    entries=st.lists(st.sampled_from(BY_PEOPLE), max_size=2).map(tuple),
    channels=st.lists(st.sampled_from(["C1", "C2"]), max_size=1).map(tuple),
    arguments=st.none() | days,
    approvals=st.integers(0, 1),
    reason=st.booleans(),
    one_at_a_time=st.booleans(),
    kill=st.booleans(),
    closed=st.sampled_from([(), WEEKEND.closed, ("12:00-13:00 UTC",)]),
    notify=st.none() | st.sampled_from(Notify),
)
actors = st.builds(
    lambda **rights: an_actor(rights=Rights(**rights)),
    is_superuser=st.booleans(),
    groups=st.frozensets(st.sampled_from(["a", "b", "c"])),
    permitted=st.frozensets(st.sampled_from(Action)),
)


@given(
    actors,
    st.sampled_from([SEE, RUN, STOP]),  # an approver of one rule needn't be one of another (test_approval)
    st.lists(any_rule, max_size=3),
    any_rule,
    st.sampled_from(BY_PEOPLE),
    st.sampled_from([None, "C1", "C2", ""]),
    st.booleans(),
    st.sampled_from([NOON, FRIDAY_EVENING]),
    st.sampled_from([None, "1", "2"]),
)
def test_adding_a_rule_never_allows_more(actor, action, rules, another, entry, channel, kill, now, owner) -> None:
    def subject(*found: Rule) -> Subject:
        return Subject(rules=found, entry=entry, channel=channel, kill=kill, now=now, owner=owner)

    if may(actor, action, subject(*rules, another)) is None:
        assert may(actor, action, subject(*rules)) is None


@given(st.lists(any_rule, max_size=3), any_rule, st.integers(0, 4) | st.none() | st.just("1"))
def test_adding_a_rule_never_allows_other_values_or_asks_less(rules: list[Rule], another: Rule, value: Any) -> None:
    call: Any = ([], {} if value is None else {"days": value})
    if not list(problems([*rules, another], call, None, None)):
        assert not list(problems(rules, call, None, None))
    before, after = terms(rules), terms([*rules, another])
    assert after.reason >= before.reason
    assert after.one_at_a_time >= before.one_at_a_time
    assert after.kill <= before.kill
