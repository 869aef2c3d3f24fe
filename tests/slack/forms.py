"""Payloads as Slack makes them of our views, and the texts that a view or message holds."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.slack.ids import Id
from tests.factories import ADA, TEAM

Payload = dict[str, Any]
RECORDED = Path(__file__).with_name("payloads")


def recorded(name: str) -> Any:
    """A recorded payload. The folder's README names its source."""
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


def submitted(view: Payload, typed: dict[str, str | None] | None = None) -> Payload:
    """The `view_submission` of this view, with its initial values or with what was typed (by block id)."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            if element["type"] == "external_select":
                entry = {"type": "external_select", "selected_option": element.get("initial_option")}
            else:
                value = (typed or {}).get(block["block_id"], element.get("initial_value"))
                entry = {"type": "plain_text_input", "value": value}
            state[block["block_id"]] = {element["action_id"]: entry}
    shown = {**view, "id": "V0001", "hash": "1.abc", "state": {"values": state}}
    user = {"id": ADA, "username": "ada", "name": "ada", "team_id": TEAM}
    body = {"type": "view_submission", "team": {"id": TEAM}, "user": user, "view": shown}
    return json.loads(json.dumps(body))  # type: ignore[no-any-return]  # as it comes over the wire: plain strings


def inputs(view: Payload) -> dict[str, str]:
    """The initial values of the JSON inputs, by block id."""
    found = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    return {block_id: e["initial_value"] for block_id, e in found.items() if e["action_id"] == Id.JSON_INPUT}


def texts(value: Any, kind: str) -> Iterator[str]:
    """The text of every object of a type (`mrkdwn`, `plain_text`, `text`), wherever it stands."""
    return (found["text"] for found in objects(value, kind))


def objects(value: Any, kind: str) -> Iterator[Payload]:
    if isinstance(value, dict):
        if value.get("type") == kind and isinstance(value.get("text"), str):
            yield value
        for inner in value.values():
            yield from objects(inner, kind)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner, kind)


def read(view: Payload) -> str:
    """All that a person reads in a view, without the inputs' values."""
    return "\n".join([*texts(view, "mrkdwn"), *texts(view, "plain_text"), *texts(view, "text")])


def foreign_markup(text: str, ours: str) -> list[str]:
    """All that Slack would read as a mention, link or entity in mrkdwn, apart from `<ours>`; cut-off markup, too."""
    rest = re.sub(f"<(?:{ours})>|&(?:amp|lt|gt);", "", text)
    return re.findall(r"[<>&].{0,20}", rest, re.DOTALL)
