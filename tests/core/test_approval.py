"""Which actors may approve a run, which accounts count as one person, and which payload an approval is for."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.approval import Identifiers, counts_for, digest, identifiers, is_same, lacking, mark, needs
from bot.core.entry import Entry
from bot.core.model import Actor, SlackAccount, SlackUserId
from bot.core.policy import Subject, may
from bot.core.policy import lacking as lacking_now
from bot.core.reasons import Code
from bot.core.rights import EVERYTHING, Action, Rights
from bot.core.rules import Rule, terms
from tests.core.test_policy_rules import any_rule
from tests.factories import ADA, TEAM, a_schedule, an_actor

ANA = Identifiers(user="1", email="ana@example.com", account=SlackAccount(team=TEAM, user=ADA))
SALT = "0123456789abcdef"


def somebody(user: str, *groups: str, **changes: Any) -> Actor:
    account = SlackAccount(team=TEAM, user=SlackUserId(f"U{user}"))
    rights = Rights(groups=frozenset(groups), permitted=EVERYTHING)
    return an_actor(**{"user": user, "slack": account, "rights": rights, **changes})


def a_rule(name: str = "r", **fields: Any) -> Rule:
    return Rule(name=name, tasks=("*",), **{"approvals": 1, **fields})


LEADS = a_rule("Leads", approvers=("leads",), run=("finance",))
ANYBODY = a_rule("Anybody", run=("finance",))
OPS = a_rule("Ops", approvers=("ops",), approvals=2)
CARA = somebody("2", "leads")
ROOT = somebody("9", rights=Rights(is_superuser=True, permitted=EVERYTHING))


@pytest.mark.parametrize(
    ("actor", "rules", "expected"),
    [
        (CARA, (LEADS,), None),
        (somebody("2", "finance"), (LEADS,), Code.RULE_APPROVE),  # the right to run isn't the right to approve
        (somebody("2", "finance"), (ANYBODY,), None),
        (somebody("2", "leads"), (ANYBODY,), Code.RULE_APPROVE),
        (somebody("2"), (a_rule(),), None),  # no rule names anybody
        (somebody("2", "ops"), (LEADS, OPS), None),  # their yes counts for one of the two
        (somebody("2", "leads"), (replace(LEADS, see=("finance",)),), Code.HIDDEN),
        (ROOT, (LEADS, OPS), None),
        (replace(ROOT, email="ANA@example.com "), (LEADS,), Code.OWN_RUN),
        (somebody("1", "leads"), (LEADS,), Code.OWN_RUN),
        (replace(CARA, email="Ana@Example.com"), (LEADS,), Code.OWN_RUN),  # another user with the same address
        (replace(CARA, slack=ANA.account), (LEADS,), Code.OWN_RUN),  # the account was linked to somebody else since
        (replace(CARA, entry=Entry.API, slack=None), (LEADS,), Code.NOT_BY_API),
        (replace(CARA, is_active=False), (LEADS,), Code.INACTIVE),
        (replace(CARA, is_staff=False), (LEADS,), Code.NOT_STAFF),
        (replace(CARA, user=None), (LEADS,), Code.NO_LINK),
        (
            somebody("2", rights=Rights(groups=frozenset(["leads"]), permitted=EVERYTHING - {Action.APPROVE})),
            (LEADS,),
            Code.NO_PERMISSION,
        ),
        (
            somebody("2", rights=Rights(groups=frozenset(["leads"]), permitted=EVERYTHING - {Action.RUN})),
            (LEADS,),
            None,
        ),
        (
            somebody("2", rights=Rights(groups=frozenset(["finance"]), permitted=EVERYTHING - {Action.RUN})),
            (ANYBODY,),
            Code.RULE_APPROVE,
        ),
    ],
)
def test_rules_decide_who_may_approve(actor: Actor, rules: tuple[Rule, ...], expected: Code | None) -> None:
    denied = may(actor, Action.APPROVE, Subject(rules=rules, requester=ANA))
    assert (None if denied is None else denied.code) is expected


@pytest.mark.parametrize(
    ("rules", "approvers", "expected"),
    [
        ((), [], {}),
        ((LEADS,), [], {"Leads": 1}),
        ((LEADS,), [CARA], {}),
        ((OPS,), [somebody("2", "ops")], {"Ops": 1}),
        ((OPS,), [somebody("2", "ops"), somebody("2", "ops")], {"Ops": 1}),
        ((OPS,), [somebody("2", "ops"), somebody("3", "ops")], {}),
        ((OPS,), [somebody("2", "ops", email="c@x"), somebody("3", "ops", email="C@X")], {"Ops": 1}),
        ((OPS,), [ROOT], {"Ops": 1}),  # a superuser is one person
        ((OPS,), [ROOT, somebody("2", "ops")], {}),
        ((LEADS, OPS), [somebody("2", "ops"), somebody("3", "ops")], {"Leads": 1}),
        (
            (LEADS, OPS),
            [somebody("2", "ops", "leads"), somebody("3", "ops")],
            {},
        ),  # the first approval counts for both rules
        ((OPS,), [somebody("1", "ops"), somebody("2", "ops")], {"Ops": 1}),  # the requester's own doesn't count
    ],
)
def test_missing_approvals_are_counted_for_each_rule(
    rules: tuple[Rule, ...], approvers: list[Actor], expected: dict[str, int]
) -> None:
    assert lacking(rules, ANA, approvers) == expected


def test_two_accounts_are_one_person_if_a_third_one_connects_them() -> None:
    one = somebody("2", "ops", email="c@x")
    third = replace(somebody("3", "ops", email="c@x"), slack=SlackAccount(team=TEAM, user=SlackUserId("U4")))
    other = somebody("4", "ops", email="d@x")
    assert not is_same(identifiers(one), identifiers(other))
    assert lacking((OPS,), ANA, [one, other]) == {}
    assert lacking((OPS,), ANA, [one, other, third]) == {"Ops": 1}
    twin = somebody("5", "ops", email=ANA.email)
    assert lacking((OPS,), ANA, [replace(twin, email="d@x", slack=ANA.account), other]) == {"Ops": 2}


def test_missing_identifiers_connect_no_accounts() -> None:
    """Two accounts without an address, or two deleted users, aren't one person."""
    assert not is_same(Identifiers(user=None), Identifiers(user=None))
    assert not is_same(Identifiers(user="1"), Identifiers(user="2"))


def test_an_approval_counts_only_while_the_approver_may_approve() -> None:
    subject = Subject(rules=(LEADS,), requester=ANA)
    assert lacking_now(subject, [CARA]) == {}
    for gone in (replace(CARA, is_active=False), somebody("2"), replace(CARA, entry=Entry.API, slack=None)):
        assert lacking_now(subject, [gone]) == {"Leads": 1}


people = st.builds(
    lambda user, email, slack, groups, root: an_actor(
        user=user,
        email=email,
        slack=SlackAccount(team=TEAM, user=SlackUserId(slack)),
        rights=Rights(groups=groups, is_superuser=root, permitted=EVERYTHING),
    ),
    st.sampled_from("123456"),
    st.sampled_from(["", "a@x", "b@x", "A@X"]),
    st.sampled_from(["U1", "U2", "U3"]),
    st.frozensets(st.sampled_from(["a", "b", "c"])),
    st.booleans(),
)
asking = st.builds(
    lambda rule, needed, approvers: replace(rule, approvals=needed, approvers=approvers),
    any_rule,
    st.integers(0, 3),
    st.lists(st.sampled_from(["a", "b"]), max_size=1).map(tuple),
)


@given(st.lists(asking, max_size=3), asking, st.lists(people, max_size=6), people)
def test_neither_another_rule_nor_the_requesters_own_yes_lowers_what_is_lacking(
    rules: list[Rule], another: Rule, approvers: list[Actor], requester: Actor
) -> None:
    named = [replace(rule, name=str(number)) for number, rule in enumerate([*rules, another])]
    subject = Subject(rules=tuple(named[:-1]), requester=identifiers(requester))
    wider = replace(subject, rules=tuple(named))
    before, after = lacking_now(subject, approvers), lacking_now(wider, approvers)
    # If a rule names no approvers, everybody who may run the schedule may approve. Another rule can only make them fewer.
    assert all(after.get(name, 0) >= short for name, short in before.items())
    assert lacking_now(subject, [*approvers, requester]) == before
    if not after:
        others = {one.user for one in approvers if not is_same(identifiers(one), identifiers(requester))}
        assert len(others) >= max((rule.approvals for rule in named), default=0)


@given(st.lists(people, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(approvers: list[Actor], random: Any) -> None:
    rule, shuffled = a_rule(approvals=3), list(approvers)
    random.shuffle(shuffled)
    assert lacking((rule,), ANA, approvers) == lacking((rule,), ANA, shuffled)


def test_the_demands_of_several_rules_are_combined() -> None:
    assert [(need.rule, need.needed, need.approvers) for need in needs((LEADS, Rule(name="x"), OPS))] == [
        ("Leads", 1, ("leads",)),
        ("Ops", 2, ("ops",)),
    ]
    assert terms((LEADS, OPS)).approval_hours == 24
    assert terms((replace(LEADS, approval_hours=48.0), replace(OPS, approval_hours=0.5))).approval_hours == 0.5
    assert terms((LEADS, replace(OPS, approvals=0, approval_hours=72.0))).approval_hours == 24, "a rule never adds time"
    assert terms((LEADS, replace(OPS, approval_hours=72.0))).approval_hours == 24
    assert terms((Rule(name="x"), replace(OPS, approval_hours=72.0))).approval_hours == 72
    assert not counts_for(CARA, OPS, (LEADS, OPS))


VALUES: dict[str, Any] = {
    "schedule": a_schedule(),
    "call": ([1], {"days": 7}),
    "options": {"queue": "q", "headers": {"a": 1}},
}


@pytest.mark.parametrize(
    "changed",
    [
        {"schedule": a_schedule(id=8)},
        {"schedule": a_schedule(task="other")},
        {"schedule": a_schedule(fingerprint="f2")},
        {"call": ([2], {"days": 7})},
        {"call": ([1], {"days": "7"})},
        {"call": ([1], {"days": 7, "region": None})},
        {"call": ([True], {"days": 7})},
        {"options": {"queue": "r", "headers": {"a": 1}}},
        {"options": {"queue": "q", "headers": {"a": 2}}},
    ],
)
def test_the_digest_covers_everything_that_would_be_sent(changed: dict[str, Any]) -> None:
    def of(values: dict[str, Any], salt: str = SALT) -> str:
        return digest(values["schedule"], values["call"], values["options"], salt=salt)

    assert of(VALUES) == of(VALUES)
    assert len(of(VALUES)) == 64
    assert of(VALUES | changed) != of(VALUES)
    assert of(VALUES | {"schedule": a_schedule(enabled=False)}) == of(VALUES)
    assert mark(of(VALUES)) != mark(of(VALUES, salt="f" * 16))  # the salt prevents guessing the values from a button
    assert SALT not in mark(of(VALUES))
