"""What a person does outside of modals: types, runs commands, clicks in messages, uses shortcuts, opens the Home tab."""

from typing import Any

from localslack import payloads
from localslack.access import Refused, conversation, person
from localslack.delivery import Ack
from localslack.escape import escape_mrkdwn, escape_plain
from localslack.messages import bot_message, post, slackbot_message
from localslack.slack import Slack
from localslack.validation.surfaces import message_problems
from localslack.workspace import BOT_USER, TEAM, Conversation, Person

Json = dict[str, Any]


async def type_text(slack: Slack, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
    """Send what was typed: a message, or a slash command."""
    who, where = person(slack, user), conversation(slack, user, channel)
    if not text.strip():
        raise Refused("no_text")
    if where.is_archived:
        raise Refused("is_archived")
    if text.startswith("/"):
        if thread_ts:
            raise Refused("not supported in threads")
        return await _command(slack, who, where, text)
    if where.is_read_only and not who.is_admin:
        raise Refused("restricted_action")
    if thread_ts and where.parent(thread_ts) is None:
        raise Refused("thread_not_found", 404)
    thread = {"thread_ts": thread_ts} if thread_ts else {}
    message = {"type": "message", "user": user, "team": who.team_id, "text": _typed(text)} | thread
    post(slack, where, message)
    _tell_app(slack, where, message)
    return {"ts": message["ts"]}


async def _command(slack: Slack, who: Person, where: Conversation, text: str) -> Json:
    command, _, rest = text.partition(" ")
    registered = any(one["command"] == command for one in slack.config.commands)
    if not registered or who.is_stranger:  # commands are not shared over Slack Connect (docs.slack.dev: slack-connect)
        post(slack, where, slackbot_message(f"`{command}` is not a valid command.", who.id))
        return {"dispatched": False}
    payload = payloads.slash_command(slack, who.id, where, command, rest.strip())
    ack = await slack.courier.deliver("slash_commands", payload, user=who.id)
    if ack.error:
        post(slack, where, slackbot_message(f'{command} failed with the error "{ack.error}"', who.id))
        return {"ok": False, "dispatched": True, "error": ack.error}
    _answer(slack, who.id, where, text, ack)
    return {"dispatched": True, "ack": ack.shown()}


def _answer(slack: Slack, user: str, where: Conversation, typed: str, ack: Ack) -> None:
    """Show what came with the ack: nothing, plain text, or a message (ephemeral unless it says in_channel)."""
    body: Json = ack.body if isinstance(ack.body, dict) else {"text": ack.text}
    text, blocks = body.get("text"), body.get("blocks")
    if not text and not blocks:
        return
    if blocks and (problems := message_problems(blocks)):
        slack.log.add("ack", "slash_commands", user=user, response=body, refused=problems.lines())
        return
    if body.get("response_type") == "in_channel":
        # "in_channel" shows the typed command too (docs.slack.dev: implementing-slash-commands).
        post(slack, where, {"type": "message", "user": user, "team": TEAM["id"], "text": _typed(typed)})
        post(slack, where, bot_message(text, blocks))
    else:
        post(slack, where, bot_message(text, blocks, is_ephemeral=True, only_visible_to=user))


async def use_shortcut(slack: Slack, user: str, callback_id: str, channel: str | None, ts: str | None) -> Json:
    """A shortcut from the menu, or on a message."""
    person(slack, user)
    kind = next((one["type"] for one in slack.config.shortcuts if one["callback_id"] == callback_id), None)
    if kind is None:
        raise Refused("shortcut_not_found", 404)
    if kind == "global":
        payload = payloads.shortcut(slack, user, callback_id)
    else:
        where = conversation(slack, user, channel)
        message = where.messages.get(ts or "")
        if message is None:
            raise Refused("message_not_found", 404)
        payload = payloads.message_shortcut(slack, user, where, message, callback_id)
    ack = await slack.courier.deliver(payload["type"], payload, user=user)
    return {"dispatched": True} | ({"ack_error": ack.error} if ack.error else {})


def open_home(slack: Slack, user: str, tab: str) -> Json:
    """Look at the app: the Home tab, or its messages."""
    person(slack, user)
    home = slack.views.home(user)
    dm = slack.direct(user, BOT_USER)
    event: Json = {"type": "app_home_opened", "user": user, "channel": dm.id, "tab": tab, "event_ts": slack.clock.ts()}
    if home is not None:
        event["view"] = home.shown()
    if slack.config.home_tab and "app_home_opened" in slack.config.events:
        slack.courier.send_event(payloads.event_callback(slack, event))
    return {"home": home.shown() if home else None, "channel": dm.id}


def _tell_app(slack: Slack, where: Conversation, message: Json) -> None:
    """The events that the app has subscribed to, for conversations it is in."""
    if BOT_USER not in where.members:
        return
    event = message | {"channel": where.id, "event_ts": message["ts"]}
    kind = {"im": "im", "private": "group"}.get(where.kind, "channel")
    if f"message.{kind}s" in slack.config.events or f"message.{kind}" in slack.config.events:
        slack.courier.send_event(payloads.event_callback(slack, event | {"channel_type": kind}))
    if f"<@{BOT_USER}>" in message["text"] and "app_mention" in slack.config.events:
        slack.courier.send_event(payloads.event_callback(slack, event | {"type": "app_mention"}))


def _typed(text: str) -> str:
    """Typed text is escaped but for mentions and the like, which the client turns into sequences."""
    return escape_mrkdwn(text) if "<@" in text or "<#" in text else escape_plain(text)
