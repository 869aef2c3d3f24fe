"""Parses events into values."""

from dataclasses import dataclass, field
from typing import Any

from bot.core.model import ChannelId, InstallationId, MessageTs, Place, SlackAccount, SlackUserId, TeamId
from bot.slack.parsing import Payload, parser, text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """Somebody has mentioned the bot of `installation`. `text` is as Slack sends it."""

    account: SlackAccount
    installation: InstallationId
    place: Place  # with a parent if the message is a reply
    message: MessageTs
    text: str = field(repr=False)


@parser
def home_opened(body: Payload) -> SlackAccount | None:
    """The account of the person who opened the Home tab. None if they opened the messages beside it."""
    event = body["event"]
    if event.get("tab") != "home":
        return None
    return SlackAccount(team=TeamId(text_of(body["team_id"])), user=SlackUserId(text_of(event["user"])))


@parser
def mention(body: Payload) -> Mention | None:
    """None if the message was edited, has no text, or is by a bot: two bots that answer each other never stop."""
    event = body["event"]
    if any(event.get(name) for name in ("bot_id", "subtype", "edited")) or event.get("app_id") == body["api_app_id"]:
        return None
    if not (event.get("user") and str(event.get("text") or "").strip()):
        return None
    ts, thread = text_of(event["ts"]), event.get("thread_ts")
    return Mention(
        account=SlackAccount(team=TeamId(text_of(_team(event, body))), user=SlackUserId(text_of(event["user"]))),
        installation=InstallationId(f"{text_of(body['team_id'])}/{text_of(body['api_app_id'])}"),
        place=Place(
            channel=ChannelId(text_of(event["channel"])),
            parent=None if thread in (None, ts) else MessageTs(text_of(thread)),
        ),
        message=MessageTs(ts),
        text=text_of(event["text"]),
    )


@parser
def farewell(body: Payload) -> InstallationId | None:
    """The installation that an `app_uninstalled` or `tokens_revoked` ended. None if only people's tokens were revoked."""
    event = body["event"]
    if event["type"] == "tokens_revoked" and not event["tokens"].get("bot"):
        return None
    return InstallationId(f"{text_of(body['team_id'])}/{text_of(body['api_app_id'])}")


def _team(event: Payload, body: Payload) -> Any:
    """The author's own team. In a shared channel, it may differ from the team in which the app is installed."""
    own = event.get("user_team") or event.get("team")
    return body["team_id"] if not own or own == body.get("enterprise_id") else own
