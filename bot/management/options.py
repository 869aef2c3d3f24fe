"""Reads the options for commands. An error is shown as a sentence, without a traceback."""

from django.core.management.base import CommandError

from bot.conf import BAD_SETUP, Conf, conf
from bot.env import BadEnvironment


def readable_options(*needed: str) -> Conf:
    """Raises CommandError for options that can't be read, and for those in `needed` that are not set."""
    try:
        found = conf()
    except BadEnvironment as exc:
        raise CommandError(str(exc), returncode=BAD_SETUP) from exc
    if missing := found.missing(*needed):
        raise CommandError(str(BadEnvironment(missing)), returncode=BAD_SETUP)
    return found
