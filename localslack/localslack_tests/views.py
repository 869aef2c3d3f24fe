"""Views and blocks to test with: plain functions with overrides."""

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def option(label: str, value: str = "") -> Json:
    """An option. By default its value is its label."""
    return {"text": plain(label), "value": value or label}


def text_input(block_id: str = "args", **element: Any) -> Json:
    """An input block for text."""
    typed = {"type": "plain_text_input", "action_id": "typed", **element}
    return {"type": "input", "block_id": block_id, "label": plain("Arguments"), "element": typed}


def menu(block_id: str = "task", *, dispatch: bool = True, **element: Any) -> Json:
    """An input block with a menu that gets its options from the app."""
    select = {"type": "external_select", "action_id": "pick", "min_query_length": 0, **element}
    label = plain("Task")
    return {"type": "input", "block_id": block_id, "label": label, "element": select, "dispatch_action": dispatch}


def section(text: str = "hello", **more: Any) -> Json:
    """A section block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "press", **more: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain("Press"), "value": "v", **more}


def actions(*elements: Json, block_id: str = "buttons") -> Json:
    """An actions block."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def modal(*blocks: Json, **changes: Any) -> Json:
    """A valid modal."""
    made = {"type": "modal", "callback_id": "run", "title": plain("Run a task"), "submit": plain("Run")}
    return made | {"blocks": list(blocks) or [text_input()]} | changes
