"""The JSON texts of a task's arguments: how a form shows them, and their values."""

import json
import sys
from dataclasses import replace
from typing import Any

from bot.core import jsontext, strictjson
from bot.core.model import Field, Shown
from bot.core.reasons import Code, Invalid, Params, Problem
from bot.core.secrets import Secrets
from bot.core.strictjson import DIGITS_LIMIT

LENGTH_LIMIT = 100_000  # characters of a typed text; far below Slack's 250 kB for a whole view
EMPTY = {Field.ARGS: "[]", Field.KWARGS: "{}"}
TYPES: dict[Field, type] = {Field.ARGS: list, Field.KWARGS: dict}
NOTHING = {Field.ARGS: Code.LIST_EMPTY, Field.KWARGS: Code.OBJECT_EMPTY}
WRONG_TYPE = {Field.ARGS: Code.NOT_A_LIST, Field.KWARGS: Code.NOT_AN_OBJECT}

KINDS = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}


def invalid(code: Code, field: Field, params: Params | None = None) -> Invalid:
    """The exception for a single problem."""
    return Invalid([Problem(code=code, field=field, params=params or {})])


def parse(text: str, field: Field, secrets: Secrets | None = None) -> Any:
    """The list (Field.ARGS) or dict (Field.KWARGS) in a typed text. Raises Invalid; its excerpts don't show the secrets."""
    if len(text) > LENGTH_LIMIT:
        raise invalid(Code.TOO_LONG, field, {"length": len(text), "limit": LENGTH_LIMIT})
    return _parsed(text, field, secrets, DIGITS_LIMIT)


def parse_stored(text: str, field: Field, secrets: Secrets | None = None) -> Any:
    """The list or dict in a row's text, which may be as long as beat can read. Raises Invalid, as `parse`."""
    return _parsed(stored(text, field), field, secrets, sys.get_int_max_str_digits() or sys.maxsize)


def stored(text: str, field: Field) -> str:
    """A row's JSON text, or the text of what beat sends instead: an empty list or object.

    beat does so for a blank, and for a value that is false in Python, such as `null` (schedulers.py, ModelEntry;
    celery/app/amqp.py, as_task_v2).
    """
    if text.lstrip()[:1] == EMPTY[field][0]:  # the usual case, and faster
        return text
    try:
        return text if text.strip() and json.loads(text) else EMPTY[field]
    except (ValueError, RecursionError):
        return text


def _parsed(text: str, field: Field, secrets: Secrets | None, digits: int) -> Any:
    plain = jsontext.plain_spaces(text)
    if not plain.strip():
        raise invalid(NOTHING[field], field)
    try:
        value = strictjson.read(plain, field, digits=digits)
    except Invalid as exc:
        if secrets is None:
            raise
        raise Invalid(_without_secrets(exc.problems, secrets.blotted(plain, field))) from None
    if not isinstance(value, TYPES[field]):
        raise invalid(WRONG_TYPE[field], field, {"kind": KINDS.get(type(value), "number")})
    return value


def _without_secrets(problems: list[Problem], text: str) -> list[Problem]:
    return [
        replace(one, place=one.place and replace(one.place, excerpt=strictjson.excerpt(text, one.place.at)))
        for one in problems
    ]


def shown(text: str, field: Field, secrets: Secrets) -> Shown:
    """A row's JSON text as people see it. Numbers, escapes and duplicate keys stay as they are written."""
    text = stored(text, field)
    try:
        value = parse_stored(text, field, secrets)
    except Invalid as exc:
        masked = secrets.broken(text, field)
        return Shown(text=masked, compact=masked, value=None, problems=tuple(exc.problems))
    masked_value = secrets.of_field(value, field)
    compact = jsontext.replaced(text, places) if (places := dict(jsontext.differences(value, masked_value))) else text
    # Nobody can edit a longer text, so it needs no indenting.
    text = compact if len(compact) > LENGTH_LIMIT else jsontext.indented(compact)
    return Shown(text=text, compact=compact, value=masked_value)
