"""The people of the audit log: their rows, and how to find them."""

from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from bot.core.audit import PersonId, Who
from bot.core.ids import id_in
from bot.core.text import clip, one_line
from bot.models import Person
from bot.runs import clock

COLUMNS = ("user", "name", "team", "slack_user", "token", "os_user")  # all columns that identify a person
AS = "{} as {}"  # a user of the operating system who became another one by `sudo`


def fitting(who: Who) -> dict[str, str]:
    """The identifying columns of the person's row, cut to the lengths of the columns."""
    return {name: clip(one_line(getattr(who, name)), limit) for name, limit in _limits().items()}


@cache
def _limits() -> dict[str, int]:
    fields: Any = [Person._meta.get_field(name) for name in COLUMNS]  # noqa: SLF001  # documented
    return {field.name: field.max_length for field in fields}


def remember(who: Who) -> PersonId:
    """The primary key of the person's row. Makes the row if it is missing, and saves a changed name."""
    rows, columns = Person.objects.filter(key=who.key), fitting(who)
    if columns["name"]:
        rows.exclude(name=columns["name"]).update(name=columns["name"])
    found = rows.values_list("pk", flat=True).first()
    if found is None:
        new = Person(key=who.key, created_at=clock.now(), **columns)
        Person.objects.bulk_create([new], ignore_conflicts=True)  # another process may be faster
        found = rows.values_list("pk", flat=True).get()
    return PersonId(found)


def named(text: str, *, became: bool = True) -> list[PersonId]:
    """The people that `text` names.

    It may be a user name, present or when they last acted, a Slack id (U… or T…/U…), a user of the operating system, or the
    number of a row (#12). `became`: also those who became that user of the operating system, by `sudo`.
    """
    if not text:  # it would match all empty columns
        return []
    team, _, account = text.rpartition("/")
    asked = Q(name=text) | Q(os_user=text) | Q(user__in=users_named(text))
    asked |= Q(os_user__startswith=AS.format(text, ""))  # who they were before `sudo`
    if became:
        asked |= Q(os_user__endswith=AS.format("", text))
    if account:
        asked |= Q(slack_user=account, **({"team": team} if team else {}))
    number = text.removeprefix("#")
    if number != text and (pk := id_in(number)) is not None:
        asked |= Q(pk=pk)
    return [PersonId(pk) for pk in Person.objects.filter(asked).order_by("pk").values_list("pk", flat=True)]


def users_named(name: str) -> set[str]:
    """The primary key of the user who has this name now. Empty: nobody has it."""
    users: Any = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: name})  # noqa: SLF001  # documented
    return {str(user) for user in found.values_list("pk", flat=True)}
