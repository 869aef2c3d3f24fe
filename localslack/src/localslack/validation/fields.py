"""The checks that limits.json describes: lengths, counts, text objects, required and known fields."""

from typing import Any

from localslack.validation.problems import Problems

Json = dict[str, Any]
TEXT_FIELDS = {"plain_text": frozenset({"type", "text", "emoji"}), "mrkdwn": frozenset({"type", "text", "verbatim"})}
_ENUM = "_enum"


def kind_of(value: Any) -> str | None:
    """The `type` of an object, or None if there is none."""
    kind = value.get("type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None


def check_fields(value: Json, rules: Json, at: str, problems: Problems) -> None:
    """Check the fields of `value` against `rules`, an entry of limits.json."""
    for name in rules.get("required", ()):
        if value.get(name) is None:
            problems.add(f"missing required field: {name}", at)
    for name, rule in rules.items():
        if name.endswith(_ENUM):
            _check_enum(value.get(name.removesuffix(_ENUM)), rule, f"{at}/{name.removesuffix(_ENUM)}", problems)
        elif isinstance(rule, dict) and value.get(name) is not None:
            check_value(value[name], rule, f"{at}/{name}", problems)


def check_value(value: Any, rule: Json, at: str, problems: Problems) -> None:
    """Check one value against its rule. A rule without a limit, for example with a default only, allows every value."""
    if rule.get("text_object"):
        check_text(value, rule, at, problems)
    elif "min_items" in rule or "max_items" in rule:
        _check_items(value, rule, at, problems)
    elif "max_chars" in rule:
        check_string(value, rule, at, problems)
    elif "min" in rule or "max" in rule:
        _check_number(value, rule, at, problems)


def check_known(value: Json, known: frozenset[str], at: str, problems: Problems) -> None:
    """Complain about properties that Slack does not know."""
    for name in value:
        if name not in known:
            problems.add(f"invalid additional property: {name}", at)


def check_text(value: Any, rule: Json, at: str, problems: Problems) -> None:
    """Check a text object, which must have one of `rule["types"]`."""
    if not isinstance(value, dict):
        problems.add("must provide an object", at)
        return
    kind = kind_of(value)
    if kind is None or kind not in rule["types"]:
        problems.add("must be a valid enum value", f"{at}/type")
        return
    check_known(value, TEXT_FIELDS[kind], at, problems)
    for flag in ("emoji", "verbatim"):
        if not isinstance(value.get(flag, False), bool):
            problems.add("must be a valid boolean", f"{at}/{flag}")
    if "text" not in value:
        problems.add("missing required field: text", at)
    else:
        check_string(value["text"], {"min_chars": 1} | rule, f"{at}/text", problems)


def check_string(value: Any, rule: Json, at: str, problems: Problems) -> None:
    """Check a string against `min_chars` and `max_chars`."""
    if not isinstance(value, str):
        problems.add("must provide a string", at)
        return
    least, most = rule.get("min_chars", 0), rule.get("max_chars")
    if len(value) < least:
        problems.add(f"must be more than {least - 1} characters", at)
    if most is not None and len(value) > most:
        problems.add(f"must be less than {most + 1} characters", at)


def _check_items(value: Any, rule: Json, at: str, problems: Problems) -> None:
    if not isinstance(value, list):
        problems.add("must provide an array", at)
        return
    least, most = rule.get("min_items", 0), rule.get("max_items")
    if len(value) < least:
        problems.add(f"must provide at least {least} items", at)
    if most is not None and len(value) > most:
        problems.add(f"no more than {most} items allowed", at)
    if "item" in rule:
        for index, item in enumerate(value):
            check_value(item, rule["item"], f"{at}/{index}", problems)


def _check_number(value: Any, rule: Json, at: str, problems: Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        problems.add("must provide a number", at)
    elif value < rule.get("min", value):
        problems.add(f"must be greater than {rule['min'] - 1}", at)
    elif value > rule.get("max", value):
        problems.add(f"must be less than {rule['max'] + 1}", at)


def _check_enum(value: Any, allowed: list[str], at: str, problems: Problems) -> None:
    if value is not None and (not isinstance(value, str) or value not in allowed):
        problems.add("must be a valid enum value", at)
