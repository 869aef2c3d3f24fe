"""What a person does outside views: type, run commands, use shortcuts, open the Home tab."""

from typing import Any
from uuid import uuid4

from localslack import payloads
from localslack.access import Refused, find_conversation, find_person
from localslack.conversation import Conversation
from localslack.delivery import Ack
from localslack.escape import escape_mrkdwn, escape_plain
from localslack.members import Person
from localslack.messages import bot_message, changed, post, slackbot_message
from localslack.validation.surfaces import message_problems
from localslack.workspace import Installation, Workspace

Json = dict[str, Any]


async def type_text(workspace: Workspace, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
    """Send what was typed: a message or a slash command."""
    who = find_person(workspace, user)
    where = find_conversation(workspace, user, channel)
    if not text.strip():
        raise Refused("no_text")
    if where.is_archived:
        raise Refused("is_archived")
    if text.startswith("/"):
        if thread_ts:
            raise Refused("not supported in threads")
        return await _command(workspace, who, where, text)
    if where.is_read_only and not who.is_admin:
        raise Refused("restricted_action")
    if thread_ts and where.parent(thread_ts) is None:
        raise Refused("thread_not_found", 404)
    thread = {"thread_ts": thread_ts} if thread_ts else {}
    said = {"user": user, "team": who.team_id, "text": _typed(text), "client_msg_id": str(uuid4())}
    message = post(workspace, where, {"type": "message"} | said | thread)
    tell_apps(workspace, where, message)
    _offer_invitations(workspace, where, message)
    return {"ts": message["ts"]}


def edit_text(workspace: Workspace, user: str, channel: str, ts: str, text: str) -> Json:
    """Edit a message of this person's. An edit is no new mention, so no app gets an `app_mention`."""
    find_person(workspace, user)
    where = find_conversation(workspace, user, channel)
    message = where.messages.get(ts)
    if message is None or message.get("user") != user:
        raise Refused("message_not_found", 404)
    message |= {"text": _typed(text), "edited": {"user": user, "ts": workspace.shared.clock.ts()}}
    changed(workspace, where, message)
    return {"ts": ts}


def tell_apps(workspace: Workspace, where: Conversation, message: Json) -> None:
    """Send the events about a new message, by a person or by an app, to the apps in its conversation."""
    for installation in workspace.installations:
        _tell_app(installation, where, message)


async def _command(workspace: Workspace, who: Person, where: Conversation, text: str) -> Json:
    command, _, rest = text.partition(" ")
    # If several apps have the command, the newest installation gets it (docs.slack.dev: implementing-slash-commands).
    candidates = (one for one in reversed(workspace.installations) if not one.is_removed and one.grant.has("commands"))
    to = next((one for one in candidates if one.app.declares(command)), None)
    if to is None or who.is_stranger:  # commands are not shared over Slack Connect (docs.slack.dev: slack-connect)
        _slackbot_says(workspace, where, f"`{command}` is not a valid command.", who.id)
        return {"dispatched": False}
    ack = await to.deliver(
        "slash_commands", payloads.slash_command(to, who.id, where, command, rest.strip()), user=who.id
    )
    if ack.error:
        _slackbot_says(workspace, where, f'{command} failed with the error "{ack.error}"', who.id)
        return {"ok": False, "dispatched": True, "error": ack.error}
    _show_ack(to, who.id, where, text, ack)
    return {"dispatched": True, "ack": ack.shown()}


def _slackbot_says(workspace: Workspace, where: Conversation, text: str, user: str) -> None:
    post(workspace, where, slackbot_message(workspace.team.id, text, user))


def _show_ack(to: Installation, user: str, where: Conversation, typed: str, ack: Ack) -> None:
    """Show what came with the ack: nothing, plain text, or a message (ephemeral unless it says in_channel)."""
    body: Json = ack.body if isinstance(ack.body, dict) else {"text": ack.text}
    text, blocks = body.get("text"), body.get("blocks")
    if not text and not blocks:
        return
    if blocks and (problems := message_problems(blocks)):
        to.shared.log.add("ack", "slash_commands", bot=to.bot, user=user, response=body, refused=problems.lines())
        return
    if body.get("response_type") == "in_channel":
        # "in_channel" shows the typed command too (docs.slack.dev: implementing-slash-commands).
        typed_message = {"type": "message", "user": user, "team": to.bot.team_id, "text": _typed(typed)}
        post(to.workspace, where, typed_message)
        post(to.workspace, where, bot_message(to.bot, text, blocks))
    else:
        post(to.workspace, where, bot_message(to.bot, text, blocks, is_ephemeral=True, only_visible_to=user))


async def use_shortcut(to: Installation, user: str, callback_id: str, channel: str | None, ts: str | None) -> Json:
    """Use a shortcut of an app, from the menu or on a message."""
    find_person(to.workspace, user)
    kind = next((one["type"] for one in to.app.settings.shortcuts if one["callback_id"] == callback_id), None)
    if kind is None or to.is_removed or not to.grant.has("commands"):
        raise Refused("shortcut_not_found", 404)
    if kind == "global":
        payload = payloads.shortcut(to, user, callback_id)
    else:
        where = find_conversation(to.workspace, user, channel)
        message = where.messages.get(ts or "")
        # Slack's client offers no shortcut on messages that are gone, or that only one person sees.
        if message is None or message.get("is_ephemeral") or message.get("subtype") == "tombstone":
            raise Refused("message_not_found", 404)
        payload = payloads.message_shortcut(to, user, where, message, callback_id)
    ack = await to.deliver(payload["type"], payload, user=user)
    return {"dispatched": True} | ({"ack_error": ack.error} if ack.error else {})


def open_home(to: Installation, user: str, tab: str) -> Json:
    """Look at an app: its Home tab or its messages."""
    find_person(to.workspace, user)
    home = to.workspace.views.home(user, to.app.id)
    dm = to.workspace.direct(user, to.bot.user_id)
    now = to.shared.clock.ts()
    event: Json = {"type": "app_home_opened", "user": user, "channel": dm.id, "tab": tab, "event_ts": now}
    if home is not None:
        event["view"] = home.shown()
    if to.app.settings.home_tab and "app_home_opened" in to.app.settings.events and not to.is_removed:
        to.send_event(payloads.event_callback(to, event))
    return {"home": home.shown() if home else None, "channel": dm.id}


def _tell_app(to: Installation, where: Conversation, message: Json) -> None:
    """Send the events that the app has subscribed to and has the scopes for, if its bot is a member."""
    if to.bot.user_id not in where.members or to.is_removed:
        return
    subscribed = to.app.settings.events
    event = message | {"channel": where.id, "event_ts": message["ts"]}
    kind = {"im": "im", "private": "group"}.get(where.kind, "channel")
    family = {"im": "im", "private": "groups"}.get(where.kind, "channels")
    if f"message.{family}" in subscribed and to.grant.has(f"{family}:history"):
        to.send_event(payloads.event_callback(to, event | {"channel_type": kind}, where))
    # Not in direct messages (docs.slack.dev: reference/events/app_mention).
    is_mentioned = f"<@{to.bot.user_id}>" in message["text"] and where.kind != "im"
    if is_mentioned and "app_mention" in subscribed and to.grant.has("app_mentions:read"):
        to.send_event(payloads.event_callback(to, payloads.app_mention(event), where))


def _offer_invitations(workspace: Workspace, where: Conversation, message: Json) -> None:
    """Slack offers to invite a bot that was mentioned and isn't a member. The bot itself gets no event."""
    for bot in (one.bot for one in workspace.installations if not one.is_removed):
        if f"<@{bot.user_id}>" in message["text"] and bot.user_id not in where.members and where.kind != "im":
            _slackbot_says(workspace, where, f"<@{bot.user_id}> isn't in this channel. Invite it?", message["user"])


def _typed(text: str) -> str:
    """Typed text, escaped except for the sequences (<@U…>) that the client makes of mentions and channels."""
    return escape_mrkdwn(text) if "<@" in text or "<#" in text else escape_plain(text)
