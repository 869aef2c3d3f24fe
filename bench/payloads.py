"""The requests that Slack sends when people type the command, select a schedule, and press Run."""

import copy
from typing import Any

from bench.setups import CHANNEL, INSTALLATION, TEAM

Json = dict[str, Any]
PEOPLE = 64


def person(number: int) -> str:
    return f"U0BENCH{number % PEOPLE:02}"


def command(trigger: str, user: str, text: str = "", *, channel: str = CHANNEL) -> Json:
    return {
        "token": "unused",
        "team_id": TEAM,
        "team_domain": "bench",
        "channel_id": channel,
        "channel_name": "bench",
        "user_id": user,
        "user_name": user.lower(),
        "command": "/runtask",
        "text": text,
        "api_app_id": "A0BENCH",
        "is_enterprise_install": "false",
        "response_url": "http://127.0.0.1:9/none",
        "trigger_id": trigger,
    }


def selection(shown: Json, view: str, user: str, option: Json) -> Json:
    """A selection in the form `shown`, which is the view that the app sent to views.open."""
    picker = next(block for block in shown["blocks"] if block.get("dispatch_action"))
    action = {
        "type": "external_select",
        "action_id": picker["element"]["action_id"],
        "block_id": picker["block_id"],
        "selected_option": option,
        "action_ts": "1700000001.123456",
    }
    chosen = {
        picker["block_id"]: {picker["element"]["action_id"]: {"type": "external_select", "selected_option": option}}
    }
    body = _interaction("block_actions", user, _view(shown, view, chosen))
    return {**body, "trigger_id": f"of {view}", "actions": [action]}  # each press has its own trigger


SUBMITTED = f"slack:{INSTALLATION}:"  # what the keys of submitted runs begin with


def submission(shown: Json, view: str, user: str) -> Json:
    """The submission of a form that shows a schedule with its stored values."""
    return _interaction("view_submission", user, _view(shown, view, _state(shown)))


def suggestion(block: str, action: str, query: str, user: str) -> Json:
    """Text typed into the picker."""
    view = {
        "id": "V0BENCH",
        "type": "modal",
        "private_metadata": "",
        "state": {"values": {}},
        "hash": "h",
        "blocks": [],
    }
    body = _interaction("block_suggestion", user, view)
    return {
        **body,
        "block_id": block,
        "action_id": action,
        "value": query,
        "container": {"type": "view", "view_id": "V0"},
    }


def _interaction(kind: str, user: str, view: Json) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM, "domain": "bench"},
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM},
        "api_app_id": "A0BENCH",
        "token": "unused",
        "trigger_id": "unused",
        "view": view,
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def _view(shown: Json, view: str, values: Json) -> Json:
    return {
        **copy.deepcopy(shown),
        "id": view,
        "team_id": TEAM,
        "hash": "1700000000.abcdefgh",
        "root_view_id": view,
        "previous_view_id": None,
        "app_id": "A0BENCH",
        "bot_id": "B0BOT",
        "external_id": "",
        "state": {"values": values},
    }


def _state(shown: Json) -> Json:
    """The values of the inputs: the selected option, and each text as the app filled it in."""
    values: Json = {}
    for block in shown["blocks"]:
        element = block.get("element")
        if block["type"] != "input":
            continue
        if element["type"] in ("external_select", "static_select"):
            held = {"type": element["type"], "selected_option": element.get("initial_option")}
        else:
            held = {"type": element["type"], "value": element.get("initial_value")}
        values[block["block_id"]] = {element["action_id"]: held}
    return values
