"""The log of who may act as whom. Every way to make, change or remove a Slack link or an API token writes to it."""

import logging
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from bot.core.text import one_line
from bot.models import ApiToken, SlackLink

log = logging.getLogger(__name__)


def named(user: Any) -> str:
    """With the key, as names can change."""
    return one_line(f"{user.get_username()} (user {user.pk})")


def described(row: SlackLink | ApiToken) -> str:
    what = f"{row.slack_user} in {row.team}" if isinstance(row, SlackLink) else f"API token {row.pk}, {row.name},"
    try:
        return f"{one_line(what)} as {named(row.user)}"
    except ObjectDoesNotExist:  # another Django has deleted the user (bot.models)
        return str(row)


def given(row: SlackLink | ApiToken, *, by: str, before: str = "") -> None:
    """`before` describes what was there."""
    log.info("may act: %s, by %s%s", described(row), by, f"; before: {before}" if before else "")


def removed(row: SlackLink | ApiToken, *, by: str) -> None:
    log.info("may no longer act: %s, by %s", described(row), by)
