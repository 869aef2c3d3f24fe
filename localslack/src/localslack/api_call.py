"""Helpers for all methods of the Web API: errors, arguments, and the conversations that an app may use."""

import json
from typing import Any

from localslack.conversation import Conversation
from localslack.workspace import Installation

Json = dict[str, Any]


class ApiError(Exception):
    """The answer is `ok: false` with this code and these other fields."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error} | more


def structure(args: Json, name: str, error: str) -> Any:
    """An argument that is an object or a list. Forms carry it as JSON text. Raises ApiError(error)."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        raise ApiError(error) from None


def text(args: Json, name: str) -> str:
    """A string argument. Empty if it is missing. Raises ApiError."""
    value = args.get(name)
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool)):
        raise ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] must be a string: {name}"]})
    return str(value)


def flag(args: Json, name: str) -> bool:
    """A boolean argument, as JSON or a form has it. False if it is missing."""
    return args.get(name) in (True, "true", "True", "1", 1)


def visible(caller: Installation, channel: str) -> Conversation:
    """A conversation that exists for the app: it is public, or the bot is a member. Raises ApiError."""
    found = caller.workspace.conversations.get(channel)
    if found is None or (found.kind != "channel" and not is_member(caller, found)):
        raise ApiError("channel_not_found")
    return found


def is_member(caller: Installation, where: Conversation) -> bool:
    """Whether the app's bot is in the conversation."""
    return caller.bot.user_id in where.members


def joined(caller: Installation, channel: str) -> Conversation:
    """A conversation that the bot is a member of. Raises ApiError."""
    found = visible(caller, channel)
    if not is_member(caller, found):
        raise ApiError("not_in_channel")
    return found


def destination(caller: Installation, channel: str) -> Conversation:
    """Where chat.postMessage may post: by id, by name, or to a person (docs.slack.dev: chat.postMessage)."""
    person = caller.workspace.people.get(channel)
    if person is not None and not person.is_bot:
        if person.deleted:
            raise ApiError("channel_not_found")
        return caller.workspace.direct(channel, caller.bot.user_id)
    name = channel.removeprefix("#")
    named = next((one.id for one in caller.workspace.conversations.values() if name and one.name == name), channel)
    found = visible(caller, named)
    if found.is_archived:
        raise ApiError("is_archived")
    if not is_member(caller, found) and not caller.grant.has("chat:write.public"):
        raise ApiError("not_in_channel")
    if found.is_read_only:
        raise ApiError("restricted_action_read_only_channel")
    return found
