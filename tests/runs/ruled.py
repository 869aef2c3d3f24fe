"""Rules in the database, and people in groups."""

from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from bot.core.audit import By
from bot.core.model import Actor, RunRequest
from bot.core.rules import Rule
from bot.runs import rulebook
from bot.runs.actors import of_user
from tests.factories import a_request

EVERYTHING = ("*",)


def in_force(*rules: Rule) -> None:
    rulebook.replace(rules, by=By(words="a test"))


def a_rule(name: str = "r", **fields: Any) -> Rule:
    """Returns a rule that matches every schedule, unless `fields` name some."""
    globs: Any = {} if {"tasks", "schedules"} & set(fields) else {"tasks": EVERYTHING}
    return Rule(name=name, **globs, **fields)


def person(name: str, *groups: str, **flags: Any) -> Actor:
    user: Any = get_user_model().objects.create_user(name, **{"is_staff": True, **flags})
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return of_user(get_user_model().objects.get(pk=user.pk))


def asked(actor: Actor, **changes: Any) -> RunRequest:
    """A request that the actor makes, as the site makes it."""
    return replace(a_request(), key=f"web:{actor.user}", destination=None, **changes)
