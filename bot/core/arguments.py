"""Typed JSON -> the arguments of a task, or what is wrong with it, at its place, in words.

`json.loads` alone accepts doubled keys, NaN and Infinity, overflows to infinity and lone surrogates; none of them is
JSON that every worker reads back the same, so all are refused here.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.core import jsontext
from bot.core.jsontext import Token, place
from bot.core.model import Field, Problem

LENGTH_LIMIT = 100_000  # characters; far below Slack's 250 kB for a whole view
DEPTH_LIMIT = 100  # far below Python's recursion limit, at which json.loads fails
DIGITS_LIMIT = 640  # of one number; Python may be set to refuse more (sys.int_info.str_digits_check_threshold)
EXCERPT = 60  # characters of the line that are shown around a mistake
QUOTES = "“”„‟‘’‚‛«»″′"
SHAPE: dict[Field, tuple[type, str, str]] = {
    Field.ARGS: (list, "a JSON list", "[]"),
    Field.KWARGS: (dict, "a JSON object", "{}"),
}
LABELS = {Field.ARGS: "Arguments (JSON list)", Field.KWARGS: "Keyword arguments (JSON object)"}
MEANS = {Field.ARGS: "[] sends none.", Field.KWARGS: "{} sends none."}  # said under the inputs
HINTS = {  # what json says -> what a person can do about it
    "Expecting ',' delimiter": "a comma or a closing bracket is missing before this",
    "Expecting ':' delimiter": "a colon is missing after the key",
    "Expecting property name enclosed in double quotes": 'a key in double quotes belongs here, as in "days": 7',
    "Expecting value": "a value is missing here, or it isn't JSON (text needs double quotes)",
    "Extra data": "there is more after the end of the JSON",
    "Unterminated string starting at": "this text has no closing double quote",
    "Invalid control character at": "a line break or tab inside a text must be written as \\n or \\t",
    "Invalid \\escape": "a backslash inside a text must be doubled: \\\\",
    "Invalid \\uXXXX escape": "\\u must be followed by four hexadecimal digits",
}
PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}
LONG_NUMBER = re.compile(rf"-?[0-9]{{{DIGITS_LIMIT + 1}}}")
FRACTION = re.compile(r"^-?\d.*[.eE]")  # what json.loads reads as a float
HALF = re.compile("[\ud800-\udfff]")
NOT_NUMBERS = ("NaN", "Infinity", "-Infinity")


class Invalid(Exception):
    """JSON that can't be sent; `problems` says why, first mistake first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(problem.text for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a text, and where: `at` counts characters from 0."""

    at: int
    text: str


class NotJson(Exception):
    """A text that isn't strict JSON; `mistakes` in the order of their places."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(mistake.text for mistake in mistakes))
        self.mistakes = mistakes


def parse(text: str, field: Field) -> Any:
    """The list (Field.ARGS) or dict (Field.KWARGS) that `text` holds. Raises Invalid."""
    shape, name, empty = SHAPE[field]
    if len(text) > LENGTH_LIMIT:
        raise Invalid(
            [Problem(field=field, text=f"This is {len(text):,} characters long; {LENGTH_LIMIT:,} are allowed.")]
        )
    plain = jsontext.plain_spaces(text)
    if not plain.strip():
        raise Invalid([Problem(field=field, text=f"Type {name}; {empty} sends nothing.")])
    try:
        value = read(plain)
    except NotJson as exc:
        raise Invalid([_problem(plain, field, mistake) for mistake in exc.mistakes]) from None
    if not isinstance(value, shape):
        raise Invalid(
            [Problem(field=field, text=f"This must be {name}, such as {_example(field)}; it is {_kind(value)}.")]
        )
    return value


def read(text: str) -> Any:
    """The value of strict JSON. Raises NotJson."""
    found = list(jsontext.tokens(text))
    if mistake := _typography(found) or _depth(found) or _digits(found):
        raise NotJson([mistake])
    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        raise NotJson([_syntax(text, exc)]) from None
    if mistakes := [*_bad_values(found), *_doubled_keys(found)]:
        raise NotJson(sorted(mistakes, key=lambda mistake: mistake.at))
    return value


def stored(text: str, field: Field) -> str:
    """A row's JSON text; a stored blank means an empty list or object, as beat reads it (schedulers.py, ModelEntry)."""
    return text if text.strip() else SHAPE[field][2]


def editable(text: str, field: Field) -> tuple[str, list[Problem]]:
    """A row's JSON text as a form shows it, with what is wrong with it: indented, or to the letter if it is no JSON."""
    text = stored(text, field)
    try:
        parse(text, field)
    except Invalid as exc:
        return text, exc.problems
    return jsontext.indented(text), []


def _typography(found: list[Token]) -> Mistake | None:
    for token in found:
        if token.kind == "word" and any(c in QUOTES for c in token.text):
            at, quote = next((i, c) for i, c in enumerate(token.text) if c in QUOTES)
            return Mistake(token.at + at, f'{quote} is a typographic quote; JSON needs the straight one: "')
    return None


def _depth(found: list[Token]) -> Mistake | None:
    depth = 0
    for token in found:
        depth += (token.text in ("[", "{")) - (token.text in ("]", "}"))
        if depth > DEPTH_LIMIT:
            return Mistake(token.at, f"lists and objects are nested more than {DEPTH_LIMIT} deep")
    return None


def _digits(found: list[Token]) -> Mistake | None:
    long = (token for token in found if token.kind == "word" and LONG_NUMBER.match(token.text))
    return next((Mistake(token.at, f"a number of more than {DIGITS_LIMIT} digits") for token in long), None)


def _syntax(text: str, exc: json.JSONDecodeError) -> Mistake:
    rest = text[exc.pos :].lstrip()
    for python, javascript in PYTHON_WORDS.items():
        if rest.startswith(python):
            return Mistake(exc.pos, f"Python's {python} is written {javascript} in JSON")
    if rest[:1] in ("]", "}") and text[: exc.pos].rstrip().endswith(","):
        return Mistake(exc.pos, "no comma may stand before the closing bracket")
    if rest.startswith("'"):
        return Mistake(exc.pos, "JSON needs double quotes, not single ones")
    hint = HINTS.get(exc.msg.removesuffix(":"), exc.msg)
    if exc.msg.startswith("Unterminated") and (quote := next((c for c in rest if c in QUOTES), "")):
        hint += f"; {quote} is a typographic quote and closes nothing"
    return Mistake(exc.pos, hint)


def _bad_values(found: list[Token]) -> Iterator[Mistake]:
    for token in found:
        if token.kind == "word":
            if token.text in NOT_NUMBERS:
                yield Mistake(token.at, f"{token.text} is not JSON")
            elif FRACTION.search(token.text) and math.isinf(float(token.text)):
                yield Mistake(token.at, "this number is too large")
        elif token.kind == "string" and HALF.search(_said(token)):
            yield Mistake(token.at, "this text holds half a character (a lone \\ud800 to \\udfff)")


def _said(token: Token) -> str:
    """The value of a string that json has read."""
    return json.loads(token.text) if "\\" in token.text else token.text[1:-1]


def _doubled_keys(found: list[Token]) -> Iterator[Mistake]:
    objects: list[set[str] | None] = []  # keys seen in each open object; None for a list
    solid = [token for token in found if token.kind != "space"]
    for token, following in zip(solid, [*solid[1:], Token("mark", "", 0)], strict=True):
        if token.text in ("[", "{"):
            objects.append(set() if token.text == "{" else None)
        elif token.text in ("]", "}"):
            objects.pop()
        elif token.kind == "string" and following.text == ":" and objects and (keys := objects[-1]) is not None:
            key = _said(token)
            if key in keys:
                yield Mistake(token.at, f"the key {token.text} stands here a second time")
            keys.add(key)


def _problem(text: str, field: Field, mistake: Mistake) -> Problem:
    line, column = place(text, mistake.at)
    message = f"Line {line}, column {column}: {mistake.text}.\n{excerpt(text, mistake.at)}"
    return Problem(field=field, text=message, line=line, column=column)


def excerpt(text: str, at: int) -> str:
    """The line around a place, and a caret under it: whatever can't be seen takes one column all the same."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    column = at - start
    first = max(0, min(column - EXCERPT // 2, len(line) - EXCERPT))
    shown = "".join(map(_one_column, line[first : first + EXCERPT]))
    before, after = ("…" if first else ""), ("…" if first + EXCERPT < len(line) else "")
    return f"{before}{shown}{after}\n{' ' * (len(before) + column - first)}^"


def _one_column(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def _example(field: Field) -> str:
    return '[7, "EU"]' if field is Field.ARGS else '{"days": 7}'


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
