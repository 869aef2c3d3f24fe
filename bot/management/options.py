"""Checks what a command needs before it can start. One error names everything that is missing."""

from collections.abc import Collection

from django.core.management.base import CommandError

from bot.conf import BAD_SETUP, Conf, conf
from bot.doctor.subject import complaints
from bot.env import BadEnvironment


def readable_options(*needed: str, checks: Collection[str] = ()) -> Conf:
    """The options. Raises CommandError if one can't be read, if one of `needed` isn't set, or if one of `checks` complains.

    `needed`: names of options. `checks`: numbers of system checks, such as W006.
    """
    found, problems = None, list[str]()
    try:
        found = conf()
        problems += found.missing(*needed)
    except BadEnvironment as exc:
        problems += exc.problems
    if checks:
        told = complaints()
        problems += [f"{one.msg} {one.hint}" for number in checks for one in told.get(number, ())]
    if found is None or problems:
        raise CommandError(str(BadEnvironment(problems)), returncode=BAD_SETUP)
    return found
