"""Findings about rules."""

import sys
from typing import Any

import pytest

from bot.conf import Conf
from bot.core.audit import By
from bot.doctor.findings import Finding, Level
from bot.doctor.rules import rules
from bot.doctor.subject import Subject
from bot.models import StoredRule
from bot.runs import clock, rulebook
from tests.factories import a_row
from tests.runs.ruled import a_rule, in_force

pytestmark = pytest.mark.django_db


def told() -> dict[str, Finding]:
    return {finding.what: finding for finding in rules(Subject(conf=Conf(), app=None, complaints={}))}


def test_without_rules_doctor_says_that_staff_may_do_everything() -> None:
    assert [(one.level, one.found) for one in told().values()] == [(Level.OK, "none: active staff may do everything")]


def test_rules_in_force_are_counted_and_suspicious_ones_named(monkeypatch: pytest.MonkeyPatch) -> None:
    a_row("Invoices", task="billing.send")
    limit: Any = {"properties": {"days": {"const": 1}}, "required": ["days"]}
    in_force(a_rule("a", tasks=("billing.*",), arguments=limit), a_rule("b", tasks=("biling.*",), approvals=1))
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    found = told()
    assert found["rules"].found == "2 in force"
    assert found["pause"].found == "nothing can be run: “month's end”"
    assert found["globs"].found == "no schedule matches biling.* of the rule “b”"
    assert "arguments" not in found
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert told()["arguments"].level is Level.PROBLEM


def test_a_rule_that_can_not_be_read_is_reported() -> None:
    StoredRule(name="later", body='{"tasks": ["*"], "colour": "red"}').save()
    assert told()["rules"].level is Level.PROBLEM
