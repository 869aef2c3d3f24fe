"""The recipes of docs/rules.md work as the page says."""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.core import rulefile
from bot.core.bound import problems
from bot.core.entry import Entry
from bot.core.model import Actor, ChannelId
from bot.core.policy import Subject, may
from bot.core.reasons import Code
from bot.core.rights import EVERYTHING, Action, Rights
from bot.core.rules import Notify, Rule, RuleBook, terms
from tests.factories import an_actor

PAGE = Path("docs/rules.md").read_text()
RECIPES = {rule[0].name: rule for rule in map(rulefile.read, re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))}
THURSDAY = datetime(2026, 11, 26, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)


def member(*groups: str) -> Actor:
    return an_actor(rights=Rights(groups=frozenset(groups), permitted=EVERYTHING))


def told(recipe: str, actor: Actor, action: Action, task: str, name: str = "x", **more: Any) -> Code | None:
    rules = RuleBook(RECIPES[recipe]).of(name, task)
    denied = may(actor, action, replace(Subject(rules=rules, now=THURSDAY, entry=Entry.SLACK), **more))
    return None if denied is None else denied.code


def billing() -> None:
    def asked(*groups: str, action: Action = Action.RUN, **more: Any) -> Code | None:
        return told("Billing is for finance", member(*groups), action, "billing.close", **more)

    assert asked() is Code.HIDDEN
    assert asked("support") is Code.RULE_RUN
    assert asked("support", action=Action.STOP) is None
    assert asked("finance") is None
    assert asked("finance", now=SATURDAY) is Code.CLOSED
    rules = RECIPES["Billing is for finance"]
    assert not list(problems(rules, ([], {"days": 31}), None, None))
    assert list(problems(rules, ([], {"days": 32}), None, None))
    assert terms(rules).one_at_a_time


def payroll() -> None:
    for task, name in (("payroll.pay", "x"), ("x", "payroll of May")):
        assert told("Payroll", member(), Action.SEE, task, name) is Code.HIDDEN
        assert told("Payroll", member("payroll"), Action.RUN, task, name) is None


def production() -> None:
    def asked(**more: Any) -> Code | None:
        return told("Production in the open", member(), Action.RUN, "ops.restart", **more)

    assert asked(channel=ChannelId("C0123456789")) is None
    assert asked(channel=ChannelId("C9")) is Code.RULE_CHANNELS
    assert asked(entry=Entry.API) is Code.RULE_ENTRIES
    assert terms(RECIPES["Production in the open"]).reason


def office_hours() -> None:
    assert told("Not during office hours", member(), Action.RUN, "reports.heavy_sums") is Code.CLOSED
    assert told("Not during office hours", member(), Action.RUN, "reports.heavy_sums", now=SATURDAY) is None
    assert told("Not during office hours", member(), Action.RUN, "reports.light") is None


def quiet() -> None:
    found = terms(RECIPES["Imports are quiet"])
    assert (found.notify, found.mention, found.kill) == (Notify.FAILURE, ("S0123ABCD",), False)


CHECKS: dict[str, Callable[[], None]] = {
    "Billing is for finance": billing,
    "Payroll": payroll,
    "Production in the open": production,
    "Not during office hours": office_hours,
    "Imports are quiet": quiet,
}


@pytest.mark.parametrize("recipe", CHECKS)
def test_a_recipe_works_as_the_page_says(recipe: str) -> None:
    CHECKS[recipe]()


def test_every_recipe_is_checked() -> None:
    assert set(RECIPES) == set(CHECKS)
    assert len(re.findall(r"^### ", PAGE, re.MULTILINE)) == len(CHECKS)


def test_every_field_is_in_the_table() -> None:
    table = PAGE.partition("## Fields")[2].partition("##")[0]
    named = {
        name for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert named == {one.name for one in fields(Rule)}
