"""The JSON texts of a task's arguments: how a form shows them, and their values."""

from typing import Any

from bot.core import jsontext, strictjson
from bot.core.model import Field
from bot.core.reasons import Code, Invalid, Params, Problem

LENGTH_LIMIT = 100_000  # characters; far below Slack's 250 kB for a whole view
EMPTY = {Field.ARGS: "[]", Field.KWARGS: "{}"}
TYPES: dict[Field, type] = {Field.ARGS: list, Field.KWARGS: dict}
NOTHING = {Field.ARGS: Code.LIST_EMPTY, Field.KWARGS: Code.OBJECT_EMPTY}
WRONG_TYPE = {Field.ARGS: Code.NOT_A_LIST, Field.KWARGS: Code.NOT_AN_OBJECT}

KINDS = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}


def invalid(code: Code, field: Field, params: Params | None = None) -> Invalid:
    """With a single problem."""
    return Invalid([Problem(code=code, field=field, params=params or {})])


def parse(text: str, field: Field) -> Any:
    """The list (Field.ARGS) or dict (Field.KWARGS) in `text`. Raises Invalid."""
    if len(text) > LENGTH_LIMIT:
        raise invalid(Code.TOO_LONG, field, {"length": len(text), "limit": LENGTH_LIMIT})
    plain = jsontext.plain_spaces(text)
    if not plain.strip():
        raise invalid(NOTHING[field], field)
    value = strictjson.read(plain, field)
    if not isinstance(value, TYPES[field]):
        raise invalid(WRONG_TYPE[field], field, {"kind": KINDS.get(type(value), "number")})
    return value


def stored(text: str, field: Field) -> str:
    """A row's JSON text. Beat reads a blank as an empty list or object (schedulers.py, ModelEntry)."""
    return text if text.strip() else EMPTY[field]


def parse_stored(text: str, field: Field) -> Any:
    """As `parse`, for a row's text."""
    return parse(stored(text, field), field)


def editable(text: str, field: Field) -> tuple[str, list[Problem]]:
    """A row's JSON text as a form shows it, and its problems. It is indented if it can be sent, else unchanged."""
    text = stored(text, field)
    try:
        parse(text, field)
    except Invalid as exc:
        return text, exc.problems
    return jsontext.indented(text), []
