"""Reads the options for commands. Errors become a sentence instead of a traceback."""

from django.core.management.base import CommandError

from bot.conf import BAD_SETUP, Conf, conf
from bot.env import BadEnvironment


def readable_options(*needed: str) -> Conf:
    """Raises one CommandError for all options that can't be read, and all of `needed` that are not set."""
    try:
        found = conf()
    except BadEnvironment as exc:
        raise CommandError(str(exc), returncode=BAD_SETUP) from exc
    if missing := found.missing(*needed):
        raise CommandError(str(BadEnvironment(missing)), returncode=BAD_SETUP)
    return found
