"""The JSON texts of a task's arguments: what a form shows of them, and the values that they stand for."""

from typing import Any

from bot.core import jsontext, strictjson
from bot.core.model import Field
from bot.core.reasons import Code, Params, Problem
from bot.core.strictjson import NotJson

LENGTH_LIMIT = 100_000  # characters; far below Slack's 250 kB for a whole view
EMPTY = {Field.ARGS: "[]", Field.KWARGS: "{}"}
TYPES: dict[Field, type] = {Field.ARGS: list, Field.KWARGS: dict}
NOTHING = {Field.ARGS: Code.LIST_EMPTY, Field.KWARGS: Code.OBJECT_EMPTY}
WRONG_TYPE = {Field.ARGS: Code.NOT_A_LIST, Field.KWARGS: Code.NOT_AN_OBJECT}

KINDS = {dict: "object", list: "list", str: "text", bool: "boolean", type(None): "null"}


class Invalid(Exception):
    """These arguments can't be sent; `problems` say why, in the order of their places."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


def invalid(code: Code, field: Field, params: Params | None = None) -> Invalid:
    """With a single problem."""
    return Invalid([Problem(code=code, field=field, params=params or {})])


def parse(text: str, field: Field) -> Any:
    """The list (Field.ARGS) or dict (Field.KWARGS) that `text` stands for. Raises Invalid."""
    if len(text) > LENGTH_LIMIT:
        raise invalid(Code.TOO_LONG, field, {"length": len(text), "limit": LENGTH_LIMIT})
    plain = jsontext.plain_spaces(text)
    if not plain.strip():
        raise invalid(NOTHING[field], field)
    try:
        value = strictjson.read(plain, field)
    except NotJson as exc:
        raise Invalid(exc.problems) from None
    if not isinstance(value, TYPES[field]):
        raise invalid(WRONG_TYPE[field], field, {"kind": KINDS.get(type(value), "number")})
    return value


def stored(text: str, field: Field) -> str:
    """A row's JSON text. Beat reads a blank as an empty list or object (schedulers.py, ModelEntry)."""
    return text if text.strip() else EMPTY[field]


def parse_stored(text: str, field: Field) -> Any:
    """As `parse`, of a row's text. Raises Invalid."""
    return parse(stored(text, field), field)


def editable(text: str, field: Field) -> tuple[str, list[Problem]]:
    """A row's JSON text as a form shows it, and what is wrong with it: indented, but unchanged where it isn't JSON."""
    text = stored(text, field)
    try:
        parse(text, field)
    except Invalid as exc:
        return text, exc.problems
    return jsontext.indented(text), []
