"""Users in commands, for any user model."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pwd import getpwuid
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from bot.conf import BAD_SETUP
from bot.core.audit import By, Who
from bot.core.entry import Entry
from bot.core.text import clip, one_line
from bot.env import environ
from bot.runs.actors import of_user
from bot.runs.people import AS


@contextmanager
def database_in_words() -> Iterator[None]:
    """Raises CommandError if the database raises an error: usually it can't be reached, or has no tables yet."""
    try:
        yield
    except Error as exc:
        told = f"The database says: {clip(one_line(str(exc)), 300)}. Is it up, and migrated (`migrate`)?"
        raise CommandError(told, returncode=BAD_SETUP) from exc


def operator() -> Who:
    """The operating system's user who gives the command, and who they were before `sudo`."""
    try:
        name = getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number only
        name = str(os.getuid())
    before = environ().get("SUDO_USER", "")
    return Who(os_user=AS.format(before, name) if before not in ("", name) else name)


def by_command(words: str) -> By:
    return By(words=words, entry=Entry.COMMAND, who=operator())


def user_named(name: str) -> Any:
    """The user with this natural key, which is the login name. Raises CommandError if there is none."""
    model: Any = get_user_model()
    try:
        return model._default_manager.get_by_natural_key(name)  # noqa: SLF001  # documented
    except model.DoesNotExist:
        raise CommandError(f"There is no user {name!r}.") from None


def is_active_staff(user: Any) -> bool:
    actor = of_user(user)
    return actor.is_active and actor.is_staff


def warn_unless_staff(command: BaseCommand, user: Any) -> None:
    if not is_active_staff(user):
        text = f"{user.get_username()} is not active staff, so they can't run anything yet."
        command.stderr.write(command.style.WARNING(text))
