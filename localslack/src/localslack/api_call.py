"""What all Web API methods share: errors, arguments, and the conversation that an app may use."""

import json
from typing import Any

from localslack.slack import Slack
from localslack.workspace import BOT_USER, Conversation

Json = dict[str, Any]


class ApiError(Exception):
    """`ok: false` with that code, and whatever else belongs to the answer."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error} | more


def structure(args: Json, name: str, error: str) -> Any:
    """An argument that is an object or a list; forms carry it as JSON text. Raises ApiError(error)."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        raise ApiError(error) from None


def text(args: Json, name: str) -> str:
    """A string argument, empty if absent. Raises ApiError."""
    value = args.get(name)
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool)):
        raise ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] must be a string: {name}"]})
    return str(value)


def flag(args: Json, name: str) -> bool:
    """A boolean argument as JSON or as a form has it."""
    return args.get(name) in (True, "true", "True", "1", 1)


def visible(slack: Slack, channel: str) -> Conversation:
    """A conversation that exists for the app: a public channel, or one that it is in. Raises ApiError."""
    found = slack.workspace.conversations.get(channel)
    if found is None or (found.kind != "channel" and BOT_USER not in found.members):
        raise ApiError("channel_not_found")
    return found


def joined(slack: Slack, channel: str) -> Conversation:
    """A conversation that the app is in. Raises ApiError."""
    found = visible(slack, channel)
    if BOT_USER not in found.members:
        raise ApiError("not_in_channel")
    return found


def destination(slack: Slack, channel: str) -> Conversation:
    """Where chat.postMessage may post: by id, by name, or to a person (docs.slack.dev: chat.postMessage)."""
    if channel in slack.workspace.people and channel != BOT_USER:
        if slack.workspace.people[channel].deleted:
            raise ApiError("channel_not_found")
        return slack.direct(channel, BOT_USER)
    name = channel.removeprefix("#")
    named = next((one.id for one in slack.workspace.conversations.values() if name and one.name == name), channel)
    found = visible(slack, named)
    if found.is_archived:
        raise ApiError("is_archived")
    if BOT_USER not in found.members and not slack.config.has_scope("chat:write.public"):
        raise ApiError("not_in_channel")
    if found.is_read_only:
        raise ApiError("restricted_action_read_only_channel")
    return found
