"""Parses events into values."""

from dataclasses import dataclass, field

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
    return SlackAccount(team=TeamId(_receiver(body)), user=SlackUserId(text_of(event["user"])))


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
        account=SlackAccount(team=TeamId(_team(event, body)), user=SlackUserId(text_of(event["user"]))),
        installation=_installation(body),
        place=Place(
            channel=ChannelId(text_of(event["channel"])),
            parent=None if thread in (None, ts) else MessageTs(text_of(thread)),
        ),
        message=MessageTs(ts),
        text=text_of(event["text"]),
    )


@parser
def farewell(body: Payload) -> InstallationId | None:
    """The installation that an event `app_uninstalled` or `tokens_revoked` has ended. None if only people's tokens were revoked."""
    event = body["event"]
    if event["type"] == "tokens_revoked" and not event["tokens"].get("bot"):
        return None
    return _installation(body)


def _installation(body: Payload) -> InstallationId:
    return InstallationId(f"{_receiver(body)}/{text_of(body['api_app_id'])}")


def _receiver(body: Payload) -> str:
    """The team of the installation that may read the event. In a channel of another company, `team_id` is that company's."""
    return text_of(_authorization(body).get("team_id") or body["team_id"])


def _authorization(body: Payload) -> Payload:
    found: Payload = (body.get("authorizations") or [body])[0]
    return found


def _team(event: Payload, body: Payload) -> str:
    """The author's own team. In a shared channel, it may differ from the team in which the app is installed.

    If the event doesn't say it, we assume ours. The policy compares it with the author's profile, and refuses outsiders.
    """
    own = event.get("user_team") or event.get("team")
    return _receiver(body) if not own or own == _authorization(body).get("enterprise_id") else text_of(own)
