"""What the app receives: payloads in the shapes recorded from Slack (tests/localslack/payloads)."""

import copy
from typing import Any

from localslack.ids import new_id
from localslack.slack import Slack
from localslack.state import Values, empty
from localslack.views import View
from localslack.workspace import APP_ID, BOT_USER, TEAM, Conversation

Json = dict[str, Any]
TOKEN = "local-verification-token"  # noqa: S105 - Slack's deprecated verification token; apps must not rely on it


def slash_command(slack: Slack, user: str, conversation: Conversation, command: str, text: str) -> Json:
    """The flat fields of a slash command; strings all of them, in the recorded order."""
    person = slack.workspace.people[user]
    hook = slack.hooks.issue(channel=conversation.id, user=user)
    return {
        "token": TOKEN,
        "team_id": TEAM["id"],
        "team_domain": TEAM["domain"],
        "channel_id": conversation.id,
        "channel_name": channel_name(conversation),
        "user_id": user,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": f"{slack.base_url}/hooks/commands/{hook}",
        "trigger_id": slack.triggers.issue(user, channel=conversation.id),
    }


def channel_name(conversation: Conversation) -> str:
    """The name as payloads have it (gh:slackapi/python-slack-sdk#734)."""
    return {"im": "directmessage", "private": "privategroup"}.get(conversation.kind, conversation.name)


def block_suggestion(slack: Slack, user: str, place: Json, ids: tuple[str, str], value: str) -> Json:
    """What a menu asks while somebody types into it; there is no trigger_id. `place`: in_view or in_message."""
    here = {name: part for name, part in place.items() if name not in ("response_url", "state")}
    return {
        **_base(slack, "block_suggestion", user),
        "action_id": ids[1],
        "block_id": ids[0],
        "value": value,
    } | here


def block_actions(slack: Slack, user: str, place: Json, action: Json) -> Json:
    """Somebody used an element. `place`: in_view or in_message."""
    view_id = place["container"].get("view_id")
    return {
        **_base(slack, "block_actions", user),
        "trigger_id": slack.triggers.issue(user, view_id=view_id, channel=place["container"].get("channel_id")),
        "enterprise": None,
        "is_enterprise_install": False,
        **place,
        "actions": [action | {"action_ts": slack.clock.ts()}],
    }


def view_submission(slack: Slack, view: View) -> Json:
    """Somebody pressed the submit button. There is no channel in it."""
    return {
        **_base(slack, "view_submission", view.user),
        "trigger_id": slack.triggers.issue(view.user, view_id=view.id),
        "view": view_shown(slack, view, "view_submission"),
        "response_urls": _response_urls(slack, view),
        "is_enterprise_install": False,
        "enterprise": None,
    }


def view_closed(slack: Slack, view: View, *, is_cleared: bool) -> Json:
    """Somebody closed a modal; what was typed is not told."""
    shown = view.shown(values={})
    return {**_base(slack, "view_closed", view.user), "view": shown, "is_cleared": is_cleared, "response_urls": []}


def shortcut(slack: Slack, user: str, callback_id: str) -> Json:
    """A global shortcut: no channel, no response_url."""
    base = _base(slack, "shortcut", user)
    del base["api_app_id"], base["user"]["name"]  # recorded without
    details = {"callback_id": callback_id, "action_ts": slack.clock.ts(), "enterprise": None}
    return base | details | {"is_enterprise_install": False, "trigger_id": slack.triggers.issue(user)}


def message_shortcut(slack: Slack, user: str, conversation: Conversation, message: Json, callback_id: str) -> Json:
    """A shortcut used on a message."""
    hook = slack.hooks.issue(channel=conversation.id, user=user, thread_ts=message.get("thread_ts"))
    base = _base(slack, "message_action", user)
    del base["api_app_id"]
    return base | {
        "callback_id": callback_id,
        "action_ts": slack.clock.ts(),
        "trigger_id": slack.triggers.issue(user),
        "response_url": f"{slack.base_url}/hooks/app/{hook}",
        "message_ts": message["ts"],
        "channel": {"id": conversation.id, "name": channel_name(conversation)},
        "message": copy.deepcopy(message),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def event_callback(slack: Slack, event: Json) -> Json:
    """The wrapper around an event."""
    now = int(slack.clock.now())
    authorization = {
        "enterprise_id": None,
        "team_id": TEAM["id"],
        "user_id": BOT_USER,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": TOKEN,
        "team_id": TEAM["id"],
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": new_id("Ev"),
        "event_time": now,
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event['type']}-{TEAM['id']}",
    }


def in_view(slack: Slack, view: View, kind: str) -> Json:
    """The parts of a payload of that kind that say: this happened in that view."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view_shown(slack, view, kind)}


def in_message(slack: Slack, user: str, conversation: Conversation, message: Json, values: Values) -> Json:
    """The parts that say: this happened in that message. An ephemeral message itself is not in the payload."""
    is_ephemeral = bool(message.get("is_ephemeral"))
    thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
    container = {"type": "message", "message_ts": message["ts"], **thread, "channel_id": conversation.id}
    hook = slack.hooks.issue(channel=conversation.id, user=user, message_ts=message["ts"], **thread)
    return {
        "container": container | {"is_ephemeral": is_ephemeral},
        "channel": {"id": conversation.id, "name": channel_name(conversation)},
        **({} if is_ephemeral else {"message": copy.deepcopy(message)}),
        "state": {"values": copy.deepcopy(values)},
        "response_url": f"{slack.base_url}/hooks/actions/{hook}",
    }


def view_shown(slack: Slack, view: View, kind: str) -> Json:
    """The view with its state; the fault `null_state` makes it forget what nobody touched since an update
    (Slack does so at times: gh:slackapi/bolt-js#1073)."""
    untouched = view.from_update - view.touched
    if not untouched or not slack.faults.for_delivery("null_state", kind):
        return view.shown()
    values = copy.deepcopy(view.values)
    for block_id, action_id in untouched:
        values[block_id][action_id] = empty(values[block_id][action_id]["type"])
    return view.shown(values)


def _base(slack: Slack, kind: str, user: str) -> Json:
    person = slack.workspace.people[user]
    team = slack.workspace.team_of(user)
    return {
        "type": kind,
        "user": {"id": user, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": APP_ID,
        "token": TOKEN,
        "team": {"id": team["id"], "domain": team["domain"]},
    }


def _response_urls(slack: Slack, view: View) -> list[Json]:
    """One for each conversation picked in an input block with `response_url_enabled`."""
    urls: list[Json] = []
    for block in view.blocks:
        element = block.get("element", {})
        if block["type"] != "input" or not element.get("response_url_enabled"):
            continue
        value = view.values[block["block_id"]][element["action_id"]]
        channel = value.get("selected_conversation") or value.get("selected_channel")
        if channel:
            hook = slack.hooks.issue(channel=channel, user=view.user)
            ids = {"block_id": block["block_id"], "action_id": element["action_id"], "channel_id": channel}
            urls.append(ids | {"response_url": f"{slack.base_url}/hooks/app/{hook}"})
    return urls
