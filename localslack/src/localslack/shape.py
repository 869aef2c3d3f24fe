"""Views and messages as Slack returns them: with ids and defaults, and with escaped texts."""

import copy
from typing import Any

from localslack.escape import escape_mrkdwn, escape_plain
from localslack.ids import short_id
from localslack.validation.blocks import elements_of

Json = dict[str, Any]


def echoed_blocks(blocks: list[Json]) -> list[Json]:
    """A copy of the blocks with every id and default that Slack adds."""
    return [_block(copy.deepcopy(block)) for block in blocks]


def echoed_text(text: Json) -> Json:
    """A text object as Slack returns it. Recorded payloads always have `emoji` or `verbatim`."""
    if text["type"] == "plain_text":
        return {**text, "text": escape_plain(text["text"]), "emoji": text.get("emoji", True)}
    return {**text, "text": escape_mrkdwn(text["text"]), "verbatim": text.get("verbatim", False)}


def echoed_option(option: Json) -> Json:
    """An option as it is in state and actions."""
    return option | {name: echoed_text(option[name]) for name in ("text", "description") if name in option}


def _block(block: Json) -> Json:
    if block["type"] != "markdown":  # "block_id ignored and not retained" (docs.slack.dev: markdown block)
        block["block_id"] = block.get("block_id") or short_id()
    if block["type"] == "input":
        block = {"optional": False, "dispatch_action": False, **block}
    for _, element in elements_of(block):
        element["action_id"] = element.get("action_id") or short_id()
        if element["type"] == "plain_text_input":
            element.setdefault("dispatch_action_config", {"trigger_actions_on": ["on_enter_pressed"]})
    shaped = _texts(block)
    if not isinstance(shaped, dict):
        raise TypeError("a block is an object")
    return shaped


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(one) for one in value]
    if not isinstance(value, dict) or value.get("type") == "rich_text":
        return value  # strings are values of inputs, and rich text is never parsed: both stay as they are
    if value.get("type") in ("plain_text", "mrkdwn") and isinstance(value.get("text"), str):
        return echoed_text(value)
    return {name: _texts(one) for name, one in value.items()}
