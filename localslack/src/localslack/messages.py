"""Posts, changes and deletes messages, and tells the people who see them."""

from typing import Any

from localslack.conversation import Conversation
from localslack.escape import escape_mrkdwn, unescape
from localslack.ids import Bot
from localslack.limits import LIMITS
from localslack.members import SLACKBOT
from localslack.notify import notified
from localslack.shape import echoed_blocks
from localslack.workspace import Workspace

Json = dict[str, Any]
_MAX_TEXT_CHARS = int(LIMITS["surfaces"]["message"]["text"]["truncated_above_chars"])
_THREAD_FIELDS = frozenset({"ts", "thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"})
_NO_TEXT = "This content can't be displayed."  # recorded: the text of a message that has blocks only


def bot_message(bot: Bot, text: str | None, blocks: list[Json] | None = None, **more: Any) -> Json:
    """A message of an app, without its ts."""
    made: Json = {
        "type": "message",
        "user": bot.user_id,
        "bot_id": bot.bot_id,
        "app_id": bot.app_id,
        "text": echoed_message_text(text) if text else _NO_TEXT,
        "team": bot.team_id,
        "bot_profile": {
            "id": bot.bot_id,
            "app_id": bot.app_id,
            "name": bot.name,
            "deleted": False,
            "team_id": bot.team_id,
        },
    }
    if blocks:
        made["blocks"] = echoed_blocks(blocks)
    return made | more


def slackbot_message(team_id: str, text: str, user: str) -> Json:
    """A message of Slack itself, which only `user` sees."""
    base = {"type": "message", "user": SLACKBOT, "username": "Slackbot", "team": team_id}
    return base | {"text": escape_mrkdwn(text), "is_ephemeral": True, "only_visible_to": user}


def echoed_message_text(text: str) -> str:
    """The message text as Slack keeps it: cut at 40,000 characters (docs.slack.dev: chat.postMessage), and escaped."""
    return escape_mrkdwn(text[:_MAX_TEXT_CHARS])


def post(workspace: Workspace, conversation: Conversation, message: Json) -> Json:
    """Give the message its ts, keep it, and tell the people who see it."""
    message["ts"] = workspace.shared.clock.ts()
    conversation.add(message)
    addressee = message.get("only_visible_to")
    if addressee:
        workspace.publish("ephemeral", {"channel": conversation.id, "message": message}, to=[addressee])
        return message
    _update_parent(workspace, conversation, message)
    workspace.publish("message", {"channel": conversation.id, "message": message}, to=conversation.members)
    _notify(workspace, conversation, message)
    return message


def changed(workspace: Workspace, conversation: Conversation, message: Json) -> None:
    """Tell the people who see the message that it has changed."""
    data = {"channel": conversation.id, "message": message}
    workspace.publish("message_changed", data, to=_audience(conversation, message))


def delete(workspace: Workspace, conversation: Conversation, message: Json) -> None:
    """Delete a message. If it has replies, a tombstone stays in its place."""
    if conversation.replies(message["ts"]):
        gone = {"user": SLACKBOT, "subtype": "tombstone", "text": "This message was deleted.", "hidden": True}
        kept = {name: value for name, value in message.items() if name in _THREAD_FIELDS}
        message.clear()
        message |= {"type": "message", **kept, **gone}
        changed(workspace, conversation, message)
        return
    conversation.remove(message)
    workspace.publish(
        "message_deleted", {"channel": conversation.id, "ts": message["ts"]}, to=_audience(conversation, message)
    )
    parent = conversation.parent(message.get("thread_ts", ""))
    if parent is not None and parent is not message:
        _recount(conversation, parent)
        changed(workspace, conversation, parent)


def _audience(conversation: Conversation, message: Json) -> list[str]:
    return [message["only_visible_to"]] if "only_visible_to" in message else conversation.members


def _update_parent(workspace: Workspace, conversation: Conversation, message: Json) -> None:
    """If the message is a reply, count it in its parent, and name the parent's author in it."""
    thread_ts = message.get("thread_ts")
    parent = conversation.parent(thread_ts) if thread_ts and thread_ts != message["ts"] else None
    if parent is not None:
        message["parent_user_id"] = parent["user"]
        parent["thread_ts"] = parent["ts"]
        _recount(conversation, parent)
        changed(workspace, conversation, parent)


def _recount(conversation: Conversation, parent: Json) -> None:
    replies = conversation.replies(parent["ts"])
    users = list(dict.fromkeys(one["user"] for one in replies))
    parent |= {"reply_count": len(replies), "reply_users": users, "reply_users_count": len(users)}
    if replies:
        parent["latest_reply"] = replies[-1]["ts"]
    else:
        parent.pop("latest_reply", None)


def _notify(workspace: Workspace, conversation: Conversation, message: Json) -> None:
    bots = {one.bot.user_id for one in workspace.installations}
    if told := notified(conversation, message) - bots:
        data = {"channel": conversation.id, "ts": message["ts"], "thread_ts": message.get("thread_ts")}
        data |= {"from": message["user"], "text": unescape(message["text"])}
        workspace.publish("notify", data, to=told)
