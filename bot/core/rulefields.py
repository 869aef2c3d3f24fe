"""Makes rules from plain values (lists, texts, numbers, as YAML, JSON and the admin's form have them), and back.

A flaw says where in the document something is wrong: `(0, "closed", 1)` is the second window of the first rule.
"""

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeAlias

from bot.core import schemas, windows
from bot.core.entry import BY_PEOPLE, Entry
from bot.core.jsontext import Path
from bot.core.reasons import Code, Params
from bot.core.rules import Notify, Rule
from bot.core.schemas import Flaw
from bot.core.text import fold, one_line

NAME_LENGTH = 200
MOST_APPROVALS = 10
MOST_HOURS = 30 * 24
CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,31}")
USER_GROUP = re.compile(r"S[A-Z0-9]{1,31}")
MENTION = re.compile(r"[SUW][A-Z0-9]{1,31}")
Checked: TypeAlias = Iterator[tuple[Path, Code, Params]]  # the path below the field
Check: TypeAlias = Callable[[Any], Checked]
GROUP_FIELDS = ("see", "run", "stop", "approvers")  # fields that are lists of groups
FIELDS = tuple(one.name for one in fields(Rule))


def _texts(value: Any) -> Checked:
    """Refuses an empty list, which people could read as "nobody" or as "everybody"."""
    if not isinstance(value, (list, tuple)) or not value:
        yield (), Code.NOT_TEXTS, {}
        return
    for at, one in enumerate(value):
        if not isinstance(one, str) or not one.strip():
            yield (at,), Code.NOT_A_TEXT, {}


def _texts_like(pattern: "re.Pattern[str]", code: Code) -> Check:
    def check(value: Any) -> Checked:
        if found := list(_texts(value)):
            yield from found
            return
        for at, one in enumerate(value):
            if not pattern.fullmatch(one):
                yield (at,), code, {"given": one_line(one)}

    return check


def _name(value: Any) -> Checked:
    if not isinstance(value, str) or not value.strip() or one_line(value) != value or len(value) > NAME_LENGTH:
        yield (), Code.NO_NAME, {"limit": NAME_LENGTH}


def _flag(value: Any) -> Checked:
    if not isinstance(value, bool):
        yield (), Code.NOT_A_FLAG, {}


def _entries(value: Any) -> Checked:
    if found := list(_texts(value)):
        yield from found
        return
    for at, one in enumerate(value):
        if one not in BY_PEOPLE:
            yield (at,), Code.NOT_ONE_OF, {"known": ", ".join(BY_PEOPLE)}


def _approvals(value: Any) -> Checked:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_APPROVALS:
        yield (), Code.NOT_A_COUNT, {"limit": MOST_APPROVALS}


def _hours(value: Any) -> Checked:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MOST_HOURS:
        yield (), Code.NOT_HOURS, {"limit": MOST_HOURS}


def _windows(value: Any) -> Checked:
    if found := list(_texts(value)):
        yield from found
        return
    for at, one in enumerate(value):
        try:
            windows.parse(one)
        except windows.BadWindow:
            yield (at,), Code.BAD_WINDOW, {"given": one_line(one)}


def _notify(value: Any) -> Checked:
    if value not in list(Notify):
        yield (), Code.NOT_ONE_OF, {"known": ", ".join(Notify)}


def _schema(value: Any) -> Checked:
    if not isinstance(value, Mapping):
        yield (), Code.NOT_A_SCHEMA, {}
        return
    if found := list(_not_json(value)):
        yield from found
        return
    try:
        yield from schemas.flaws(value)
    except schemas.ExtraMissing:
        yield (), Code.NO_EXTRA, {"extra": schemas.EXTRA}


def _not_json(value: Any) -> Checked:
    """Refuses values that JSON doesn't have, such as dates, infinity, and numbers as keys."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            if not isinstance(key, str):
                yield (), Code.NOT_JSON_VALUE, {"given": one_line(str(key))}
            else:
                yield from (((key, *path), code, params) for path, code, params in _not_json(one))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from (((at, *path), code, params) for path, code, params in _not_json(one))
    elif not (value is None or isinstance(value, (str, bool, int, float))) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        yield (), Code.NOT_JSON_VALUE, {"given": one_line(str(value))}


CHECKS: dict[str, Check] = {
    "name": _name,
    **dict.fromkeys(("tasks", "schedules", *GROUP_FIELDS), _texts),
    "entries": _entries,
    "channels": _texts_like(CHANNEL, Code.NOT_A_CHANNEL),
    "arguments": _schema,
    "approvals": _approvals,
    "ask": _texts_like(USER_GROUP, Code.NOT_A_USER_GROUP),
    "approval_hours": _hours,
    **dict.fromkeys(("reason", "one_at_a_time", "kill"), _flag),
    "closed": _windows,
    "notify": _notify,
    "mention": _texts_like(MENTION, Code.NOT_A_MENTION),
}


def flaws(document: Any, groups: Collection[str] | None = None) -> Iterator[Flaw]:
    """Why a document isn't a list of rules. `groups`: the groups that exist; None: any group is accepted."""
    if not isinstance(document, list):
        yield (), Code.NOT_RULES, {}
        return
    names = dict[str, int]()
    for at, value in enumerate(document):
        yield from (((at, *path), code, params) for path, code, params in flaws_of_one(value, groups))
        name = value.get("name") if isinstance(value, Mapping) else None
        if isinstance(name, str) and names.setdefault(fold(name), at) != at:
            yield (at, "name"), Code.NAME_TWICE, {"name": one_line(name)}


def flaws_of_one(value: Any, groups: Collection[str] | None = None, *, checks_schema: bool = True) -> Iterator[Flaw]:
    """Why a value isn't a rule. `checks_schema=False`: for a stored rule. Its schema was checked when it was saved, and
    the package that checks schemas may be missing by now.
    """
    if not isinstance(value, Mapping):
        yield (), Code.NOT_A_RULE, {}
        return
    for key in value:
        if key not in FIELDS:
            yield _unknown(key)
    if "name" not in value:
        yield (), Code.NO_NAME, {"limit": NAME_LENGTH}
    if not value.get("tasks") and not value.get("schedules"):
        yield (), Code.MATCHES_NOTHING, {}
    for key, check in CHECKS.items():
        if key in value and (checks_schema or key != "arguments"):
            yield from (((key, *path), code, params) for path, code, params in check(value[key]))

    yield from _unknown_groups(value, groups)


def _unknown_groups(value: Mapping[str, Any], groups: Collection[str] | None) -> Iterator[Flaw]:
    if groups is None:
        return
    for key in GROUP_FIELDS:
        listed = value.get(key)
        for at, name in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(name, str) and name.strip() and name not in groups:
                yield (key, at), Code.NO_SUCH_GROUP, {"name": one_line(name)}


def _unknown(key: Any) -> Flaw:
    shown = one_line(str(key))
    if close := difflib.get_close_matches(shown, FIELDS, n=1):
        return (shown,), Code.MISSPELLED_FIELD, {"name": shown, "known": close[0]}
    return (shown,), Code.UNKNOWN_FIELD, {"name": shown}


def rule(value: Mapping[str, Any]) -> Rule:
    """The rule that these values describe, which must have no flaws."""
    made: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in value.items()}
    if "entries" in made:
        made["entries"] = tuple(map(Entry, made["entries"]))
    if made.get("notify") is not None:
        made["notify"] = Notify(made["notify"])
    return Rule(**made)


def plain(rule: Rule) -> dict[str, Any]:
    """The rule's values as in a file: fields with their default values are left out."""
    found = dict[str, Any]()
    for one in fields(rule):
        value = getattr(rule, one.name)
        if one.name == "name" or value != one.default:
            found[one.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, str) else value  # YAML writes no enum, such as Entry
