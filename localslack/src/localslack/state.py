"""The values of elements in views and messages: initial values, and values that survive an update."""

import copy
from typing import Any

from localslack.validation.blocks import elements_of
from localslack.validation.elements import all_options

Json = dict[str, Any]
Values = dict[str, dict[str, Json]]

# For each type of element: the key of its value in state.values, and the property that has its initial value.
_SLOTS: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", ""),
}
_LISTS = frozenset(
    {"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"}
)  # fmt: skip


def slot(kind: str) -> str | None:
    """The key of an element's value in state. None for elements without a value (button, overflow)."""
    return _SLOTS[kind][0] if kind in _SLOTS else None


def empty(kind: str) -> Json:
    """The state of an element in which nothing is typed or chosen: its value is null or an empty list."""
    key = _SLOTS[kind][0]
    return {"type": kind, key: [] if key in _LISTS else None}


def initial(element: Json, current: str | None = None) -> Json:
    """The first state of an element. `current` is the conversation that the person looks at."""
    kind = element["type"]
    key, source = _SLOTS[kind]
    start = empty(kind)
    if element.get(source) is not None:
        start[key] = copy.deepcopy(element[source])
    elif current and element.get("default_to_current_conversation"):
        start[key] = [current] if key in _LISTS else current
    if element.get("timezone"):
        start["timezone"] = element["timezone"]
    return start


def is_empty(value: Json) -> bool:
    """Whether the client regards the element as empty."""
    key = _SLOTS[value["type"]][0]
    return value.get(key) in (None, "", [])


def carried_over(blocks: list[Json], old: Values, current: str | None = None) -> Values:
    """`state.values` after an update.

    An element keeps its value if its block_id, action_id and type stay the same, and it still has the chosen options.
    Its `initial_value` is then ignored (docs.slack.dev: views.update, "Preserving input entry"). All other elements get
    their initial values.
    """
    values: Values = {}
    for block in blocks:
        for _, element in elements_of(block):
            if slot(element["type"]) is not None:
                value = old.get(block["block_id"], {}).get(element["action_id"])
                if value is None or value["type"] != element["type"] or not _still_offered(element, value):
                    value = initial(element, current)
                values.setdefault(block["block_id"], {})[element["action_id"]] = value
    return values


def find_element(blocks: list[Json], block_id: str, action_id: str) -> tuple[Json, Json] | None:
    """The block and the element with these ids."""
    for block in blocks:
        if block.get("block_id") == block_id:
            for _, element in elements_of(block):
                if element["action_id"] == action_id:
                    return block, element
    return None


def _still_offered(element: Json, kept: Json) -> bool:
    """Whether the element still has the chosen options. If it gets its options from elsewhere, they stay."""
    if element["type"] not in ("static_select", "radio_buttons", "multi_static_select", "checkboxes"):
        return True
    offered = {option["value"] for option in all_options(element)}
    chosen = kept.get("selected_options") or [kept.get("selected_option")]
    return all(option is None or option["value"] in offered for option in chosen)
