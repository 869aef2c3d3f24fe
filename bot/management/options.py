"""The options as commands take them: what is wrong with one is said, instead of a traceback."""

from django.core.management.base import CommandError

from bot.conf import BAD_SETUP, Conf, conf
from bot.env import BadEnvironment


def readable_options(*needed: str) -> Conf:
    """Raises CommandError if an option can't be read or one of `needed` is not set; all of them together."""
    try:
        found = conf()
    except BadEnvironment as exc:
        raise CommandError(str(exc), returncode=BAD_SETUP) from exc
    if missing := found.missing(*needed):
        raise CommandError(str(BadEnvironment(missing)), returncode=BAD_SETUP)
    return found
