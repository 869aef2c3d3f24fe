"""System checks: a wrong set-up is named with its remedy. Warnings all, so that none stops `migrate` or `shell`."""

from typing import Any

from django.core.checks import CheckMessage, register
from django.core.checks import Warning as Notice

from bot.conf import NEEDED_FOR, conf
from bot.env import BadEnvironment


@register()
def options_are_readable(**_: Any) -> list[CheckMessage]:
    """W001: an option can't be read."""
    try:
        conf()
    except BadEnvironment as exc:
        return [
            Notice(problem, hint="See the table of variables in README.", id="runtask.W001") for problem in exc.problems
        ]
    return []


@register()
def a_mode_is_chosen(**_: Any) -> list[CheckMessage]:
    """W002: neither Socket Mode nor HTTP mode can work."""
    try:
        options = conf()
    except BadEnvironment:
        return []  # W001 says it
    if all(options.missing(*NEEDED_FOR[mode]) for mode in ("slack", "http")):
        hint = f"Set {', '.join(NEEDED_FOR['slack'])} for Socket Mode or {', '.join(NEEDED_FOR['http'])} for HTTP mode."
        return [Notice("Slack can't reach this bot yet.", hint=hint, id="runtask.W002")]
    return []
