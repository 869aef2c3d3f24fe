"""Rules as YAML: every field is read, and each mistake is reported with its place."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import rulefields, rulefile
from bot.core.entry import BY_PEOPLE, Entry
from bot.core.reasons import Code, Invalid
from bot.core.rules import Notify, Rule

EVERYTHING = """\
- name: Billing is for finance
  tasks: ["billing.*"]
  schedules: ["Invoice*"]
  see: [finance, support]
  run: [finance]
  stop: [finance, support]
  entries: [slack, web]
  channels: [C0123456789]
  arguments: {properties: {days: {type: integer, maximum: 31}}, required: [days]}
  approvals: 1
  approvers: [finance-leads]
  ask: [S0123ABCD]
  approval_hours: 24
  reason: true
  one_at_a_time: true
  kill: false
  closed: ["Fri 16:00-Mon 06:00 Europe/Berlin"]
  notify: always
  mention: [S0123ABCD, U0123ABCD]
"""


def test_every_field_is_read() -> None:
    assert rulefile.read(EVERYTHING) == (
        Rule(
            name="Billing is for finance",
            tasks=("billing.*",),
            schedules=("Invoice*",),
            see=("finance", "support"),
            run=("finance",),
            stop=("finance", "support"),
            entries=(Entry.SLACK, Entry.WEB),
            channels=("C0123456789",),
            arguments={"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]},
            approvals=1,
            approvers=("finance-leads",),
            ask=("S0123ABCD",),
            approval_hours=24,
            reason=True,
            one_at_a_time=True,
            kill=False,
            closed=("Fri 16:00-Mon 06:00 Europe/Berlin",),
            notify=Notify.ALWAYS,
            mention=("S0123ABCD", "U0123ABCD"),
        ),
    )
    assert set(rulefields.CHECKS) == {one.name for one in fields(Rule)}


def lists(texts: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(texts, max_size=2).map(tuple)


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1).filter(str.strip)
schemas = st.dictionaries(words, st.integers() | words | st.booleans(), max_size=2).map(
    lambda consts: {
        "properties": {name: {"const": value} for name, value in consts.items()},
        "required": sorted(consts),
    }
)
rules = st.builds(
    Rule,
    name=st.text("abc äö:#-'\"", min_size=1).filter(lambda name: name == " ".join(name.split()) != ""),
    tasks=st.just(("*",)),
    schedules=lists(words),
    see=lists(words),
    run=lists(words),
    stop=lists(words),
    entries=lists(st.sampled_from(BY_PEOPLE)),
    channels=lists(st.just("C1")),
    arguments=st.none() | schemas,
    approvals=st.integers(0, 10),
    approvers=lists(words),
    ask=lists(st.just("S1")),
    approval_hours=st.none() | st.floats(0.1, 700),
    reason=st.booleans(),
    one_at_a_time=st.booleans(),
    kill=st.booleans(),
    closed=lists(st.just("22:00-06:00 UTC")),
    notify=st.none() | st.sampled_from(Notify),
    mention=lists(st.just("U1")),
)


@given(st.lists(rules, max_size=3, unique_by=lambda rule: rule.name.casefold()))
def test_rules_that_are_written_are_read_back_unchanged(made: list[Rule]) -> None:
    assert rulefile.read(rulefile.written(tuple(made))) == tuple(made)


MISTAKES: list[Any] = [
    ("name: x", [(1, 1, Code.NOT_RULES)]),
    ("", [(1, 1, Code.NOT_RULES)]),
    ("- x", [(1, 3, Code.NOT_A_RULE)]),
    ("- tasks: [a]", [(1, 3, Code.NO_NAME)]),
    ("- name: a\n  tasks: []", [(1, 3, Code.MATCHES_NOTHING), (2, 10, Code.NOT_TEXTS)]),
    ("- name: a", [(1, 3, Code.MATCHES_NOTHING)]),
    ("- {name: a, tasks: [x]}\n- {name: A, tasks: [x]}", [(2, 10, Code.NAME_TWICE)]),
    ("- name: a\n  name: b\n  tasks: [x]", [(2, 3, Code.DOUBLED_KEY)]),
    ("- name: a\n  tasks: &t [x]\n  schedules: *t", [(3, 14, Code.YAML_ALIAS)]),
    ("- name: a\n  tasks: [*]", [(2, 12, Code.NOT_YAML)]),
    ("- name: a\n  <<: {tasks: [x]}", [(2, 3, Code.YAML_TAG)]),
    ("- name: 2026-01-01\n  tasks: [x]", [(1, 9, Code.YAML_TAG)]),
    ("- name: a\n  tasks: [x]\n  taks: [y]", [(3, 9, Code.MISSPELLED_FIELD)]),
    ("- name: a\n  tasks: [x]\n  colour: red", [(3, 11, Code.UNKNOWN_FIELD)]),
    ("- name: a\n  tasks: x", [(2, 10, Code.NOT_TEXTS)]),
    ("- name: a\n  tasks: [x, 7, '']", [(2, 14, Code.NOT_A_TEXT), (2, 17, Code.NOT_A_TEXT)]),
    ("- name: a\n  tasks: [x]\n  see: []", [(3, 8, Code.NOT_TEXTS)]),
    ("- name: a\n  tasks: [x]\n  see:", [(3, 7, Code.NOT_TEXTS)]),
    ("- name: a\n  tasks: [x]\n  entries: [phone]", [(3, 13, Code.NOT_ONE_OF)]),
    ("- name: a\n  tasks: [x]\n  channels: ['#billing']", [(3, 14, Code.NOT_A_CHANNEL)]),
    ("- name: a\n  tasks: [x]\n  approvals: true", [(3, 14, Code.NOT_A_COUNT)]),
    ("- name: a\n  tasks: [x]\n  approvals: -1", [(3, 14, Code.NOT_A_COUNT)]),
    ("- name: a\n  tasks: [x]\n  approval_hours: .nan", [(3, 19, Code.NOT_HOURS)]),
    (
        "- name: a\n  name: b\n  tasks: [x]\n  closed: [nonsense]\n  see: [nobodies]",
        [(2, 3, Code.DOUBLED_KEY), (4, 12, Code.BAD_WINDOW), (5, 9, Code.NO_SUCH_GROUP)],
    ),
    (
        "- name: a\n  tasks: &x [x]\n  schedules: *x\n  reason: perhaps",
        [(3, 14, Code.YAML_ALIAS), (4, 11, Code.NOT_A_FLAG)],
    ),
    (
        "- name: a\n  tasks: [x]\n  arguments: &a {properties: {a: *a}}\n  reason: perhaps",
        [(3, 34, Code.YAML_ALIAS), (4, 11, Code.NOT_A_FLAG)],
    ),
    ("- name: a\n  tasks: [!!int x]\n  reason: perhaps", [(2, 11, Code.YAML_TAG), (3, 11, Code.NOT_A_FLAG)]),
    ("- name: a\n  tasks: [x]\n  ask: [U1]", [(3, 9, Code.NOT_A_USER_GROUP)]),
    ("- name: a\n  tasks: [x]\n  reason: yes please", [(3, 11, Code.NOT_A_FLAG)]),
    ("- name: a\n  tasks: [x]\n  closed: [weekends]", [(3, 12, Code.BAD_WINDOW)]),
    ("- name: a\n  tasks: [x]\n  notify: loudly", [(3, 11, Code.NOT_ONE_OF)]),
    ("- name: a\n  tasks: [x]\n  mention: ['@ana']", [(3, 13, Code.NOT_A_MENTION)]),
    ("- name: a\n  tasks: [x]\n  arguments: []", [(3, 14, Code.NOT_A_SCHEMA)]),
    (
        "- name: a\n  tasks: [x]\n  arguments:\n    properties:\n      days: {maximum: 31}\n    required: [days]",
        [(5, 13, Code.SCHEMA_NEEDS_TYPE), (5, 23, Code.KEYWORD_NEEDS_TYPE)],
    ),
    ("- name: a\n  tasks: [x]\n  arguments: {required: [.inf]}", [(3, 26, Code.NOT_JSON_VALUE)]),
    ("- name: a\n  tasks: [x\n", [(3, 1, Code.NOT_YAML)]),
    ("- name: a\n\ttasks: [x]", [(2, 1, Code.NOT_YAML)]),
    ("- name: a\x00", [(1, 10, Code.NOT_YAML)]),
    ("- [x]: y", [(1, 3, Code.YAML_TAG)]),
    ("- name: !!int a\n  tasks: [x]", [(1, 9, Code.YAML_TAG)]),
    ("- name: a\n  tasks: [!!float x, !!bool y]", [(2, 11, Code.YAML_TAG), (2, 22, Code.YAML_TAG)]),
    ("- name: a\n  tasks: [x]\n  approvals: 0x_", [(3, 14, Code.YAML_TAG)]),
    ("- name: a\n  tasks: [x]\n  !!int b: 1", [(3, 3, Code.YAML_TAG)]),
    (f"- name: a\n  tasks: [x]\n  approvals: {'9' * 5000}", [(3, 14, Code.YAML_TAG)]),
    ("[" * 5000, [(1, 1, Code.NOT_YAML)]),
    (f"# {'x' * rulefile.LONGEST}\n[]", [(1, 1, Code.TOO_LONG)]),
    ("- name: a\n  tasks: [x]\n  reason: 1\n  kill: 0", [(3, 11, Code.NOT_A_FLAG), (4, 9, Code.NOT_A_FLAG)]),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_each_mistake_is_reported_with_its_place(text: str, expected: list[tuple[int, int, Code]]) -> None:
    with pytest.raises(Invalid) as caught:
        rulefile.read(text, {"ops"})
    places = [(one.place.line, one.place.column, one.code) for one in caught.value.problems if one.place]
    assert places == expected
