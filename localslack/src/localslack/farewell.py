"""Removes an app from a workspace, or revokes its token.

docs.slack.dev: reference/events/app_uninstalled, reference/events/tokens_revoked, reference/methods/auth.test ("Errors").
"""

import secrets
from typing import Any

from localslack.payloads import event_callback
from localslack.slack import Slack
from localslack.workspace import Installation

Json = dict[str, Any]


def uninstall(slack: Slack, one: Installation) -> None:
    """Remove an app from a workspace. It gets both events, in any order, and its commands are gone."""
    farewells = [{"type": "app_uninstalled"}, _tokens_revoked(one)]
    secrets.SystemRandom().shuffle(farewells)
    slack.dead_tokens[one.grant.bot_token] = "account_inactive"
    _tell(one, *farewells)
    one.is_removed = True


def revoke(slack: Slack, one: Installation) -> None:
    """Revoke the bot token of an app, which stays installed."""
    slack.dead_tokens[one.grant.bot_token] = "token_revoked"
    _tell(one, _tokens_revoked(one))


def _tokens_revoked(one: Installation) -> Json:
    """The event. It names the users whose tokens are gone, not the tokens."""
    return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [one.bot.user_id]}}


def _tell(one: Installation, *events: Json) -> None:
    for event in events:
        if event["type"] in one.app.settings.events:
            one.send_event(event_callback(one, event | {"event_ts": one.shared.clock.ts()}))
