"""The payloads that an app receives, in the shapes recorded from Slack (localslack_tests/payloads)."""

import copy
import re
from typing import Any

from localslack.conversation import Conversation
from localslack.escape import unescape
from localslack.ids import new_id, short_id
from localslack.state import Values, empty
from localslack.views import View
from localslack.workspace import Installation

Json = dict[str, Any]
_MENTIONED = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")
TOKEN = "local-verification-token"  # noqa: S105 - Slack's deprecated verification token; apps must not rely on it


def slash_command(to: Installation, user: str, conversation: Conversation, command: str, text: str) -> Json:
    """The fields of a slash command, in the recorded order. All values are strings."""
    shared, team = to.shared, to.workspace.team
    hook = shared.hooks.issue(to.bot, channel=conversation.id, user=user)
    return {
        "token": TOKEN,
        "team_id": team.id,
        "team_domain": team.domain,
        "channel_id": conversation.id,
        "channel_name": channel_name(conversation),
        "user_id": user,
        "user_name": to.workspace.people[user].name,
        "command": command,
        "text": text,
        "api_app_id": to.bot.app_id,
        "is_enterprise_install": "false",
        "response_url": f"{shared.base_url}/hooks/commands/{hook}",
        "trigger_id": shared.triggers.issue(to.bot, user, channel=conversation.id),
    }


def channel_name(conversation: Conversation) -> str:
    """The conversation's name in payloads. Private ones have a fixed name (gh:slackapi/python-slack-sdk#734)."""
    return {"im": "directmessage", "private": "privategroup"}.get(conversation.kind, conversation.name)


def block_suggestion(to: Installation, user: str, place_parts: Json, ids: tuple[str, str], value: str) -> Json:
    """A menu asks for options while somebody types into it. The payload has no trigger_id.

    `place_parts` come from `in_view` or `in_message`. `ids` are those of the block and the element.
    """
    here = {name: part for name, part in place_parts.items() if name not in ("response_url", "state")}
    return {
        **_base(to, "block_suggestion", user),
        "action_id": ids[1],
        "block_id": ids[0],
        "value": value,
    } | here


def block_actions(to: Installation, user: str, place_parts: Json, action: Json) -> Json:
    """Somebody used an element. `place_parts` come from `in_view` or `in_message`."""
    container = place_parts["container"]
    view_id, channel = container.get("view_id"), container.get("channel_id")
    return {
        **_base(to, "block_actions", user),
        "trigger_id": to.shared.triggers.issue(to.bot, user, view_id=view_id, channel=channel),
        "enterprise": None,
        "is_enterprise_install": False,
        **place_parts,
        "actions": [action | {"action_ts": to.shared.clock.ts()}],
    }


def view_submission(to: Installation, view: View) -> Json:
    """Somebody pressed the submit button. The payload has no channel."""
    return {
        **_base(to, "view_submission", view.user),
        "trigger_id": to.shared.triggers.issue(to.bot, view.user, view_id=view.id),
        "view": view_shown(to, view, "view_submission"),
        "response_urls": _response_urls(to, view),
        "is_enterprise_install": False,
        "enterprise": None,
    }


def view_closed(to: Installation, view: View, *, is_cleared: bool) -> Json:
    """Somebody closed a modal. The payload has no input state."""
    shown = view.shown(values={})
    return {**_base(to, "view_closed", view.user), "view": shown, "is_cleared": is_cleared, "response_urls": []}


def shortcut(to: Installation, user: str, callback_id: str) -> Json:
    """A global shortcut. It has no channel and no response_url."""
    base = _base(to, "shortcut", user)
    del base["api_app_id"], base["user"]["name"]  # recorded payloads don't have them
    details = {"callback_id": callback_id, "action_ts": to.shared.clock.ts(), "enterprise": None}
    return base | details | {"is_enterprise_install": False, "trigger_id": to.shared.triggers.issue(to.bot, user)}


def message_shortcut(to: Installation, user: str, conversation: Conversation, message: Json, callback_id: str) -> Json:
    """A shortcut used on a message."""
    shared = to.shared
    hook = shared.hooks.issue(to.bot, channel=conversation.id, user=user, thread_ts=message.get("thread_ts"))
    base = _base(to, "message_action", user)
    del base["api_app_id"]
    return base | {
        "callback_id": callback_id,
        "action_ts": shared.clock.ts(),
        "trigger_id": shared.triggers.issue(to.bot, user),
        "response_url": f"{shared.base_url}/hooks/app/{hook}",
        "message_ts": message["ts"],
        "channel": {"id": conversation.id, "name": channel_name(conversation)},
        "message": copy.deepcopy(message),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def event_callback(to: Installation, event: Json, where: Conversation | None = None) -> Json:
    """The wrapper around an event.

    In a channel that another company created, `team_id` is that company's workspace (gh:slackapi/java-slack-sdk#629).
    """
    own_team_id = to.bot.team_id
    team_id = where.host if where is not None and where.host else own_team_id
    authorization = {
        "enterprise_id": None,
        "team_id": own_team_id,
        "user_id": to.bot.user_id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": TOKEN,
        "team_id": team_id,
        "api_app_id": to.bot.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": int(to.shared.clock.now()),
        "authorizations": [authorization],
        "is_ext_shared_channel": where is not None and where.is_shared,
        "event_context": f"4-{event['type']}-{team_id}",
    }


def app_mention(message: Json) -> Json:
    """The event `app_mention`, made from the event about the message.

    A person's text comes as rich text, too. An app's message keeps its blocks.
    """
    if "bot_id" in message:
        return message | {"type": "app_mention"}
    parts = _MENTIONED.split(message["text"])  # text and ids in turn
    elements = [
        {"type": "user", "user_id": part} if index % 2 else {"type": "text", "text": unescape(part)}
        for index, part in enumerate(parts)
        if part
    ]
    section = {"type": "rich_text_section", "elements": elements}
    block = {"type": "rich_text", "block_id": short_id(), "elements": [section]}
    return message | {"type": "app_mention", "blocks": [block]}


def in_view(to: Installation, view: View, kind: str) -> Json:
    """The parts of a payload of this kind that say in which view something happened."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view_shown(to, view, kind)}


def in_message(to: Installation, user: str, conversation: Conversation, message: Json, values: Values) -> Json:
    """The parts of a payload that say in which message something happened. It has no copy of an ephemeral message."""
    is_ephemeral = bool(message.get("is_ephemeral"))
    thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
    container = {"type": "message", "message_ts": message["ts"], **thread, "channel_id": conversation.id}
    hook = to.shared.hooks.issue(to.bot, channel=conversation.id, user=user, message_ts=message["ts"], **thread)
    return {
        "container": container | {"is_ephemeral": is_ephemeral},
        "channel": {"id": conversation.id, "name": channel_name(conversation)},
        **({} if is_ephemeral else {"message": copy.deepcopy(message)}),
        "state": {"values": copy.deepcopy(values)},
        "response_url": f"{to.shared.base_url}/hooks/actions/{hook}",
    }


def view_shown(to: Installation, view: View, kind: str) -> Json:
    """The view with its state.

    The fault `null_state` empties elements that an update added and that nobody touched. Slack does so at times
    (gh:slackapi/bolt-js#1073).
    """
    untouched = view.from_update - view.touched
    if not untouched or not to.shared.faults.for_delivery("null_state", kind, to.bot):
        return view.shown()
    values = copy.deepcopy(view.values)
    for block_id, action_id in untouched:
        values[block_id][action_id] = empty(values[block_id][action_id]["type"])
    return view.shown(values)


def _base(to: Installation, kind: str, user: str) -> Json:
    person, team = to.workspace.people[user], to.workspace.team_of(user)
    return {
        "type": kind,
        "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": to.bot.app_id,
        "token": TOKEN,
        "team": {"id": team.id, "domain": team.domain},
    }


def _response_urls(to: Installation, view: View) -> list[Json]:
    """A response_url for each conversation that was picked in an input block with `response_url_enabled`."""
    urls: list[Json] = []
    for block in view.blocks:
        element = block.get("element", {})
        if block["type"] != "input" or not element.get("response_url_enabled"):
            continue
        value = view.values[block["block_id"]][element["action_id"]]
        channel = value.get("selected_conversation") or value.get("selected_channel")
        if channel:
            hook = to.shared.hooks.issue(to.bot, channel=channel, user=view.user)
            ids = {"block_id": block["block_id"], "action_id": element["action_id"], "channel_id": channel}
            urls.append(ids | {"response_url": f"{to.shared.base_url}/hooks/app/{hook}"})
    return urls
