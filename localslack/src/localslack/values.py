"""Checks the value that a person gives an element, as Slack's client does while somebody types and picks."""

from typing import Any

from localslack.access import Refused
from localslack.conversation import Conversation
from localslack.places import Place
from localslack.state import empty, slot
from localslack.validation.elements import all_options, is_date, is_time

Json = dict[str, Any]
_FORMATS = {"selected_date": is_date, "selected_time": is_time}


def accepted(place: Place, block_id: str, element: Json, given: Json) -> Json:
    """The element's new state. Raises Refused if the value can't be picked or typed."""
    kind = element["type"]
    key = slot(kind)
    if key is None:
        raise Refused("element_has_no_value")
    raw = given.get(key, given.get("value"))
    state = empty(kind)
    if "timezone" in element:
        state["timezone"] = element["timezone"]
    if raw is None:
        return state
    if key == "selected_option":
        state[key] = _picked(place, block_id, element, raw)
    elif key == "selected_options":
        state[key] = [_picked(place, block_id, element, one) for one in _as_list(raw)]
    else:
        state[key] = _checked(place, element, key, raw)
    most = element.get("max_selected_items")
    if most is not None and len(_as_list(state[key])) > most:
        raise Refused("too_many_items")
    return state


def _picked(place: Place, block_id: str, element: Json, wanted: Any) -> Json:
    """The option with this value, among those that the menu shows."""
    value = wanted.get("value") if isinstance(wanted, dict) else wanted
    _, shown = place.offered.get((block_id, element["action_id"]), (0, []))
    offered = all_options(element) + shown
    for option in offered:
        if option["value"] == value:
            return {name: option[name] for name in ("text", "value", "description") if name in option}
    raise Refused("option_not_offered")


def _checked(place: Place, element: Json, key: str, raw: Any) -> Any:
    """The value of an element without options. Raises Refused."""
    if key in ("selected_user", "selected_users"):
        known = set(place.to.workspace.people)
    elif key.startswith(("selected_conversation", "selected_channel")):
        known = {one.id for one in place.to.workspace.of(place.user) if _is_offered(place, element, one)}
    else:
        return _typed(key, raw)
    if any(one not in known for one in _as_list(raw)):
        raise Refused("option_not_offered")
    return raw


def _is_offered(place: Place, element: Json, one: Conversation) -> bool:
    """Whether the menu's type and filter allow this conversation.

    docs.slack.dev: composition-objects/conversation-filter-object
    """
    if "channels_select" in element["type"]:
        return one.kind == "channel"
    wanted = element.get("filter", {})
    kind = {"channel": "public"}.get(one.kind, one.kind)
    people = place.to.workspace.people
    is_with_bot = one.kind == "im" and any(people[user].is_bot for user in one.members)
    return (
        kind in wanted.get("include", [kind])
        and not (wanted.get("exclude_external_shared_channels") and one.is_shared)
        and not (wanted.get("exclude_bot_users") and is_with_bot)
    )


def _typed(key: str, raw: Any) -> Any:
    kinds = {"selected_date_time": int, "rich_text_value": dict, "files": list}
    if not isinstance(raw, kinds.get(key, str)):
        raise Refused("wrong_kind_of_value")
    if isinstance(raw, str) and key in _FORMATS and not _FORMATS[key](raw):
        raise Refused("wrong_kind_of_value")
    return raw


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
