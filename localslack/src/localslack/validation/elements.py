"""Checks of interactive elements, and of the options, groups and confirmation dialogs in them."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatch
from typing import Any

from localslack.limits import LIMITS
from localslack.validation.fields import check_fields, check_known, check_string, check_text, check_value, kind_of
from localslack.validation.problems import Problems
from localslack.validation.rich_text import check_rich_text
from localslack.validation.schema import ELEMENT_FIELDS

Json = dict[str, Any]
_OPTION = LIMITS["composition"]["option"]
_GROUP = LIMITS["composition"]["option_group"]
_FILTER_KINDS = ["im", "mpim", "private", "public"]
_FILTER_FLAGS = ("exclude_external_shared_channels", "exclude_bot_users")
_CONFIRM = LIMITS["composition"]["confirm"]
_IMAGE = {"required": LIMITS["blocks"]["image"]["required"]}
_TRIGGERS = LIMITS["elements"]["plain_text_input"]["dispatch_action_config.trigger_actions_on"]
_FLAGS = ("focus_on_load", "multiline", "is_decimal_allowed", "response_url_enabled")


def is_date(value: str) -> bool:
    """Whether this is a day of the calendar, such as 2026-11-23."""
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) and date.fromisoformat(value))
    except ValueError:
        return False


def is_time(value: str) -> bool:
    """Whether this is a time of a day, such as 23:59."""
    return bool(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value))


_FORMATS = {"initial_date": is_date, "initial_time": is_time}


def rules_for(kind: str) -> Json:
    """The rules in limits.json for this kind of element, together with the rules for all elements."""
    rules = LIMITS["elements"].get(kind, {})
    common = {name: rule for name, rule in LIMITS["element_common"].items() if isinstance(rule, dict)}
    return {**common, **rules}


def is_one_of(kind: str, allowed: list[str]) -> bool:
    """Whether an element type is in a list of limits.json, whose items may have wildcards, and notes in brackets."""
    # For fnmatch, "*_select" would include multi selects, which these lists name separately.
    return any(
        fnmatch(kind, name.partition("(")[0]) and kind.startswith("multi_") == name.startswith("multi_")
        for name in allowed
    )


def check_element(element: Any, at: str, problems: Problems, *, allowed: list[str] | None = None) -> None:
    """Check one element of a section, actions or input block."""
    if not isinstance(element, dict):
        problems.add("must provide an object", at)
        return
    kind = kind_of(element)
    if kind is None or kind not in ELEMENT_FIELDS or (allowed is not None and not is_one_of(kind, allowed)):
        problems.add(f"unsupported type: {kind}", f"{at}/type")
        return
    check_known(element, ELEMENT_FIELDS[kind], at, problems)
    check_fields(element, rules_for(kind), at, problems)
    if "confirm" in element:
        _check_confirm(element["confirm"], f"{at}/confirm", problems)
    _check_choices(element, at, problems)
    _check_typed(element, at, problems)
    _check_filter(element, f"{at}/filter", problems)
    _check_formats(element, at, problems)
    for flag in _FLAGS:
        if not isinstance(element.get(flag, False), bool):
            problems.add("must be a valid boolean", f"{at}/{flag}")
    if kind == "rich_text_input" and isinstance(element.get("initial_value"), dict):
        check_rich_text(element["initial_value"], f"{at}/initial_value", problems)


def check_option(option: Any, at: str, problems: Problems, *, types: list[str], url: bool = False) -> None:
    """Check an option: label, value, description, and the url that only overflow menus allow."""
    if not isinstance(option, dict):
        problems.add("must provide an object", at)
        return
    check_known(option, frozenset({"text", "value", "description"} | ({"url"} if url else set())), at, problems)
    for name in _OPTION["required"]:
        if name not in option:
            problems.add(f"missing required field: {name}", at)
    for name in ("text", "description"):
        if name in option:
            check_text(option[name], _OPTION[name] | {"types": types}, f"{at}/{name}", problems)
    if "url" in option and url:
        check_string(option["url"], _OPTION["url"], f"{at}/url", problems)
    if "value" in option:
        check_string(option["value"], _OPTION["value"] | {"min_chars": 1}, f"{at}/value", problems)


def check_option_lists(holder: Json, at: str, problems: Problems, *, types: list[str], url: bool = False) -> None:
    """Check the `options` and `option_groups` of a menu, or of an answer to block_suggestion."""
    for index, option in enumerate(_items(holder, "options")):
        check_option(option, f"{at}/options/{index}", problems, types=types, url=url)
    for index, group in enumerate(_items(holder, "option_groups")):
        place = f"{at}/option_groups/{index}"
        if not isinstance(group, dict):
            problems.add("must provide an object", place)
            continue
        check_known(group, frozenset(_GROUP["required"]), place, problems)
        check_fields(group, _GROUP, place, problems)
        check_option_lists({"options": group.get("options")}, place, problems, types=types)


def all_options(holder: Json) -> list[Json]:
    """The options of a menu, with those in its groups."""
    groups = [group for group in _items(holder, "option_groups") if isinstance(group, dict)]
    return _items(holder, "options") + [one for group in groups for one in _items(group, "options")]


def _items(holder: Json, name: str) -> list[Any]:
    value = holder.get(name)
    return value if isinstance(value, list) else []


def _check_choices(element: Json, at: str, problems: Problems) -> None:
    kind = element["type"]
    rules = rules_for(kind)
    types = rules.get("option_text_types", ["plain_text"])
    check_option_lists(element, at, problems, types=types, url=kind == "overflow")
    initial = [element["initial_option"]] if "initial_option" in element else _items(element, "initial_options")
    if kind.endswith("external_select"):
        for option in initial:
            check_option(option, f"{at}/initial_option", problems, types=types)
        return
    if kind in ("static_select", "multi_static_select"):
        if ("options" in element) == ("option_groups" in element):
            problems.add("must define either `options` or `option_groups`", f"{at}/type")
    elif "options" in rules and "options" not in element:
        problems.add("missing required field: options", at)
    offered = [_comparable(option) for option in all_options(element)]
    if any(_comparable(option) not in offered for option in initial):
        place = "initial_option" if "initial_option" in element else "initial_options"
        problems.add(f"`{place}` must match one of the options", f"{at}/{place}")


def _comparable(option: Any) -> tuple[Any, ...]:
    """What two options have in common if they are the same: the value, and the text without its flags."""
    if not isinstance(option, dict):
        return ()
    text = option.get("text")
    return (
        (option.get("value"), text.get("type"), text.get("text")) if isinstance(text, dict) else (option.get("value"),)
    )


def _check_confirm(confirm: Any, at: str, problems: Problems) -> None:
    if not isinstance(confirm, dict):
        problems.add("must provide an object", at)
        return
    check_known(confirm, frozenset({*_CONFIRM["required"], "style"}), at, problems)
    rules = {name: rule for name, rule in _CONFIRM.items() if name != "required"}
    # docs.slack.dev requires confirm and deny, but Slack adds them (the recording button_in_view has neither).
    check_fields(confirm, rules | {"required": ["title", "text"]}, at, problems)


def _check_typed(element: Json, at: str, problems: Problems) -> None:
    kind = element["type"]
    if kind == "number_input":
        _check_number_input(element, at, problems)
    elif kind == "plain_text_input":
        low, high = element.get("min_length", 0), element.get("max_length")
        initial = element.get("initial_value", "")
        if isinstance(high, int) and isinstance(low, int) and low > high:
            problems.add("`min_length` must not exceed `max_length`", f"{at}/min_length")
        if isinstance(high, int) and isinstance(initial, str) and len(initial) > high:
            problems.add(f"must be less than {high + 1} characters", f"{at}/initial_value")
    if kind.endswith("_input") and kind != "rich_text_input" and not isinstance(element.get("initial_value", ""), str):
        problems.add("must provide a string", f"{at}/initial_value")
    config = element.get("dispatch_action_config")
    if config is not None:
        wanted = config.get("trigger_actions_on") if isinstance(config, dict) else None
        if not isinstance(wanted, list) or not wanted or any(one not in _TRIGGERS for one in wanted):
            problems.add("must be a valid enum value", f"{at}/dispatch_action_config/trigger_actions_on")


def _check_number_input(element: Json, at: str, problems: Problems) -> None:
    numbers: dict[str, Decimal] = {}
    for name in ("min_value", "max_value", "initial_value"):
        if name in element:
            try:
                numbers[name] = Decimal(element[name] if isinstance(element[name], str) else "not a string")
            except InvalidOperation:
                problems.add("must provide a string that is a number", f"{at}/{name}")
    low, high = numbers.get("min_value"), numbers.get("max_value")
    if low is not None and high is not None and low > high:
        problems.add("`min_value` must not exceed `max_value`", f"{at}/min_value")


def _check_filter(element: Json, at: str, problems: Problems) -> None:
    """Check the filter of a menu of conversations (docs.slack.dev: composition-objects/conversation-filter-object)."""
    wanted = element.get("filter", {"include": _FILTER_KINDS})
    if not isinstance(wanted, dict):
        problems.add("must provide an object", at)
        return
    check_known(wanted, frozenset({"include", *_FILTER_FLAGS}), at, problems)
    if not wanted:
        problems.add("must provide at least 1 items", at)
    included = wanted.get("include", _FILTER_KINDS)
    if not isinstance(included, list) or not included:
        problems.add("must provide at least 1 items", f"{at}/include")
    elif any(one not in _FILTER_KINDS for one in included):
        problems.add("must be a valid enum value", f"{at}/include")
    for flag in _FILTER_FLAGS:
        if not isinstance(wanted.get(flag, False), bool):
            problems.add("must be a valid boolean", f"{at}/{flag}")


def _check_formats(element: Json, at: str, problems: Problems) -> None:
    for name, fits in _FORMATS.items():
        if name in element and not fits(str(element[name])):
            problems.add(f"failed to match the format of `{name}`", f"{at}/{name}")
    if "initial_date_time" in element and not re.fullmatch(r"\d{10}", str(element["initial_date_time"])):
        problems.add("must provide 10 digits", f"{at}/initial_date_time")
    if element["type"] == "image":
        check_fields(element, _IMAGE, at, problems)
        if "image_url" not in element and "slack_file" not in element:
            problems.add("must define either `image_url` or `slack_file`", f"{at}/type")
    if "min_query_length" in element:
        check_value(element["min_query_length"], {"min": 0}, f"{at}/min_query_length", problems)
