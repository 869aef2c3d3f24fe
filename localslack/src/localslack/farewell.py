"""Removes an app from a workspace, or revokes its token.

docs.slack.dev: reference/events/app_uninstalled, reference/events/tokens_revoked, reference/methods/auth.test
("Errors").
"""

import secrets
from typing import Any

from localslack.payloads import event_callback
from localslack.slack import Slack
from localslack.workspace import Installation

Json = dict[str, Any]


def uninstall(slack: Slack, installation: Installation) -> None:
    """Remove an app from a workspace. Its commands are gone.

    It gets the events app_uninstalled and tokens_revoked, as far as it has subscribed to them, in random order.
    """
    farewells = [{"type": "app_uninstalled"}, _tokens_revoked(installation)]
    secrets.SystemRandom().shuffle(farewells)
    slack.dead_tokens[installation.grant.bot_token] = "account_inactive"
    _tell(installation, *farewells)
    installation.is_removed = True


def revoke(slack: Slack, installation: Installation) -> None:
    """Revoke the bot token of an app, which stays installed."""
    slack.dead_tokens[installation.grant.bot_token] = "token_revoked"
    _tell(installation, _tokens_revoked(installation))


def _tokens_revoked(installation: Installation) -> Json:
    """The event. It names the users whose tokens are gone, not the tokens."""
    return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [installation.bot.user_id]}}


def _tell(installation: Installation, *events: Json) -> None:
    for event in events:
        if event["type"] in installation.app.settings.events:
            event_ts = installation.shared.clock.ts()
            installation.send_event(event_callback(installation, event | {"event_ts": event_ts}))
