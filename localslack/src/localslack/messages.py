"""Posting, changing and deleting messages, and who is told of it."""

from typing import Any

from localslack.escape import escape_mrkdwn, unescape
from localslack.limits import LIMITS
from localslack.notify import notified
from localslack.shape import echoed_blocks
from localslack.slack import Slack
from localslack.workspace import APP_ID, APP_NAME, BOT_ID, BOT_USER, SLACKBOT, TEAM, Conversation

Json = dict[str, Any]
_MOST = int(LIMITS["surfaces"]["message"]["text"]["truncated_above_chars"])
_OF_A_THREAD = frozenset({"ts", "thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"})
_NO_TEXT = "This content can't be displayed."  # recorded: the text of a message that has blocks only


def bot_message(text: str | None, blocks: list[Json] | None = None, **more: Any) -> Json:
    """A message of the app, without its ts."""
    made: Json = {
        "type": "message",
        "user": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "text": echoed_message_text(text) if text else _NO_TEXT,
        "team": TEAM["id"],
        "bot_profile": {"id": BOT_ID, "app_id": APP_ID, "name": APP_NAME, "deleted": False, "team_id": TEAM["id"]},
    }
    if blocks:
        made["blocks"] = echoed_blocks(blocks)
    return made | more


def slackbot_message(text: str, user: str) -> Json:
    """A word of Slack itself, which only `user` sees."""
    base = {"type": "message", "user": SLACKBOT, "username": "Slackbot", "team": TEAM["id"]}
    return base | {"text": escape_mrkdwn(text), "is_ephemeral": True, "only_visible_to": user}


def echoed_message_text(text: str) -> str:
    """Top-level text as it is kept: cut at 40,000 characters (docs.slack.dev: chat.postMessage), escaped."""
    return escape_mrkdwn(text[:_MOST])


def post(slack: Slack, conversation: Conversation, message: Json) -> Json:
    """Give the message its ts, keep it, and tell everybody it concerns."""
    message["ts"] = slack.clock.ts()
    conversation.add(message)
    addressee = message.get("only_visible_to")
    if addressee:
        slack.hub.publish("ephemeral", {"channel": conversation.id, "message": message}, to=[addressee])
        return message
    _count_reply(slack, conversation, message)
    slack.hub.publish("message", {"channel": conversation.id, "message": message}, to=conversation.members)
    _notify(slack, conversation, message)
    return message


def changed(slack: Slack, conversation: Conversation, message: Json) -> None:
    """Tell that this message is not what it was."""
    data = {"channel": conversation.id, "message": message}
    slack.hub.publish("message_changed", data, to=_audience(conversation, message))


def delete(slack: Slack, conversation: Conversation, message: Json) -> None:
    """Take a message away; where it has replies, a tombstone stays."""
    if conversation.replies(message["ts"]):
        gone = {"user": SLACKBOT, "subtype": "tombstone", "text": "This message was deleted.", "hidden": True}
        kept = {name: value for name, value in message.items() if name in _OF_A_THREAD}
        message.clear()
        message |= {"type": "message", **kept, **gone}
        changed(slack, conversation, message)
        return
    conversation.remove(message)
    slack.hub.publish(
        "message_deleted", {"channel": conversation.id, "ts": message["ts"]}, to=_audience(conversation, message)
    )
    parent = conversation.parent(message.get("thread_ts", ""))
    if parent is not None and parent is not message:
        _recount(conversation, parent)
        changed(slack, conversation, parent)


def _audience(conversation: Conversation, message: Json) -> list[str]:
    return [message["only_visible_to"]] if "only_visible_to" in message else conversation.members


def _count_reply(slack: Slack, conversation: Conversation, message: Json) -> None:
    thread_ts = message.get("thread_ts")
    parent = conversation.parent(thread_ts) if thread_ts and thread_ts != message["ts"] else None
    if parent is not None:
        message["parent_user_id"] = parent["user"]
        parent["thread_ts"] = parent["ts"]
        _recount(conversation, parent)
        changed(slack, conversation, parent)


def _recount(conversation: Conversation, parent: Json) -> None:
    replies = conversation.replies(parent["ts"])
    users = list(dict.fromkeys(one["user"] for one in replies))
    parent |= {"reply_count": len(replies), "reply_users": users, "reply_users_count": len(users)}
    if replies:
        parent["latest_reply"] = replies[-1]["ts"]


def _notify(slack: Slack, conversation: Conversation, message: Json) -> None:
    if told := notified(conversation, message):
        data = {"channel": conversation.id, "ts": message["ts"], "thread_ts": message.get("thread_ts")}
        data |= {"from": message["user"], "text": unescape(message["text"])}
        slack.hub.publish("notify", data, to=told)
