"""Finds the people to notify of a message.

Reasons are direct messages, mentions, @here and the like, and replies in threads that people took part in.
"""

import re
from collections.abc import Iterator
from typing import Any

from localslack.conversation import Conversation

Json = dict[str, Any]
_MENTION = re.compile(r"<@([UW]\w+)")
_EVERYBODY = re.compile(r"<!(?:channel|here|everyone)")
_BARE_EVERYBODY = re.compile(r"(?:^|\s)@(?:channel|here|everyone)\b")


def notified(conversation: Conversation, message: Json) -> set[str]:
    """The members to notify, without the message's author."""
    return _concerned(conversation, message) & set(conversation.members) - {message["user"]}


def _concerned(conversation: Conversation, message: Json) -> set[str]:
    if conversation.kind == "im":
        return set(conversation.members)
    told = set(_MENTION.findall(message["text"]))
    everybody = bool(_EVERYBODY.search(message["text"]))
    for part in _parts(message.get("blocks")):
        if part["type"] == "mrkdwn":
            text = part["text"]
            told |= set(_MENTION.findall(text))
            # Slack looks for a bare @here unless `verbatim` is set (docs.slack.dev: formatting-message-text).
            bare = not part.get("verbatim") and _BARE_EVERYBODY.search(text)
            everybody = everybody or bool(_EVERYBODY.search(text) or bare)
        elif part["type"] == "user":
            told.add(part["user_id"])
        else:
            everybody = everybody or part["type"] == "broadcast"
    parent = conversation.parent(message.get("thread_ts", ""))
    if parent is not None and parent is not message:
        told |= {parent["user"], *parent.get("reply_users", [])}
    return set(conversation.members) if everybody else told


def _parts(value: Any) -> Iterator[Json]:
    """The parts of blocks that may notify people. plain_text and the text in rich text never do."""
    if isinstance(value, list):
        for one in value:
            yield from _parts(one)
    elif isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "user", "broadcast"):
            yield value
        for one in value.values():
            yield from _parts(one)
