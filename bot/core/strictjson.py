"""Reads strict JSON: returns a text's value, or reports its mistakes with their places.

`json.loads` alone accepts duplicate keys, NaN and Infinity, numbers that overflow to infinity, and lone surrogates. Not all
workers read such texts in the same way, so they are refused here.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, NoReturn

from bot.core import jsontext
from bot.core.jsontext import Token
from bot.core.reasons import Code, Invalid, Params, Problem, TextPlace
from bot.core.text import is_visible

DEPTH_LIMIT = 100  # far below Python's recursion limit, at which json.loads fails
DIGITS_LIMIT = 640  # digits of a number; Python may be set to refuse more (sys.int_info.str_digits_check_threshold)
PROBLEMS = 20  # problems that are reported at once
EXCERPT = 60  # characters of a line that are shown around a mistake
QUOTES = "“”„‟‘’‚‛«»″′"
SYNTAX = {  # the reason, by the beginning of the message of json's exception
    "Expecting ',' delimiter": Code.COMMA_MISSING,
    "Expecting ':' delimiter": Code.COLON_MISSING,
    "Expecting property name": Code.KEY_MISSING,
    "Expecting value": Code.VALUE_MISSING,
    "Extra data": Code.EXTRA_DATA,
    "Unterminated string": Code.OPEN_TEXT,
    "Invalid control character": Code.CONTROL_CHARACTER,
    "Invalid \\escape": Code.BAD_ESCAPE,
    "Invalid \\uXXXX escape": Code.BAD_UNICODE_ESCAPE,
}
PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}
FRACTION = re.compile(r"^-?\d.*[.eE]")  # a number that json.loads reads as a float
WHOLE = re.compile(r"-?([0-9]*)")  # the digits before a number's point
HALF = re.compile("[\ud800-\udfff]")
MAYBE_HALF = re.compile(r"[\ud800-\udfff]|\\u[dD]")
NOT_NUMBERS = ("NaN", "Infinity", "-Infinity")


def read(text: str, field: str, *, digits: int = DIGITS_LIMIT) -> Any:
    """The value of strict JSON. Raises Invalid, with problems of `field`. `digits`: how many a number may have."""
    try:
        return _read(text, digits)
    except (ValueError, RecursionError):
        raise Invalid(_problems(text, field, digits)) from None


def _read(text: str, digits: int) -> Any:
    """The value of strict JSON. Raises ValueError or RecursionError.

    It is nearly as fast as json.loads: doctor reads hundreds of thousands of rows.
    """
    if MAYBE_HALF.search(text) and any(_has_half(token) for token in jsontext.tokens(text)):
        raise ValueError("half a character")
    if text.count("[") + text.count("{") > DEPTH_LIMIT and any(_too_deep(jsontext.tokens(text))):
        raise ValueError("too deep")
    return json.loads(
        text,
        object_pairs_hook=_unique,
        parse_int=partial(_whole, digits),
        parse_float=partial(_finite, digits),
        parse_constant=_no_constant,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a doubled key")
    return found


def _whole(limit: int, word: str) -> int:
    if _is_long(word, limit):
        raise ValueError("too many digits")
    return int(word)


def _finite(limit: int, word: str) -> float:
    if math.isinf(value := float(word)) or _is_long(word, limit):
        raise ValueError("too large")
    return value


def _is_long(word: str, limit: int) -> bool:
    """Whether a number has more than `limit` digits before its point."""
    return len(word) > limit and (found := WHOLE.match(word)) is not None and len(found[1]) > limit


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _problems(text: str, field: str, digits: int) -> list[Problem]:
    """Why `_read` refuses this text."""
    tokens = list(jsontext.tokens(text))
    mistakes = list(islice(chain(_typography(tokens), _too_deep(tokens), _long_numbers(tokens, digits)), 1))
    if not mistakes:
        try:
            json.loads(text)
        except json.JSONDecodeError as exc:
            mistakes = [_syntax(text, exc)]
        else:
            mistakes = sorted([*_bad_values(tokens), *_doubled_keys(tokens)], key=lambda mistake: mistake[0])
    found = mistakes[:PROBLEMS]  # each place costs a pass over the text
    return [Problem(code=code, params=params, field=field, place=place(text, at)) for at, code, params in found]


Mistake = tuple[int, Code, Params]  # the index in the text, and what is wrong there


def _typography(found: Iterable[Token]) -> Iterator[Mistake]:
    words = (token for token in found if token.kind == "word")
    places = ((token.at + i, c) for token in words for i, c in enumerate(token.text) if c in QUOTES)
    return ((at, Code.TYPOGRAPHIC_QUOTE, {"quote": quote}) for at, quote in places)


def _too_deep(found: Iterable[Token]) -> Iterator[Mistake]:
    depth = 0
    for token in found:
        depth += token.opens - token.closes
        if depth > DEPTH_LIMIT:
            yield token.at, Code.TOO_DEEP, {"limit": DEPTH_LIMIT}


def _long_numbers(found: Iterable[Token], limit: int) -> Iterator[Mistake]:
    for token in found:
        if token.kind == "word" and _is_long(token.text, limit):
            yield token.at, Code.LONG_NUMBER, {"limit": limit}


def _syntax(text: str, exc: json.JSONDecodeError) -> Mistake:
    at, rest = exc.pos, text[exc.pos :].lstrip()
    for python_word, json_word in PYTHON_WORDS.items():
        if rest.startswith(python_word):
            return at, Code.PYTHON_WORD, {"python": python_word, "json": json_word}
    if exc.msg.startswith("Illegal trailing comma"):  # Python 3.13 and newer report the comma's place
        return at + 1 + len(rest[1:]) - len(rest[1:].lstrip()), Code.TRAILING_COMMA, {}
    if rest[:1] in ("]", "}") and text[:at].rstrip().endswith(","):
        return at, Code.TRAILING_COMMA, {}
    if rest.startswith("'"):
        return at, Code.SINGLE_QUOTES, {}
    code = next((code for begin, code in SYNTAX.items() if exc.msg.startswith(begin)), Code.NOT_JSON)
    if code is Code.OPEN_TEXT and (quote := next((c for c in rest if c in QUOTES), "")):
        return at, Code.OPEN_TEXT_TYPOGRAPHIC, {"quote": quote}
    return at, code, {"message": exc.msg} if code is Code.NOT_JSON else {}


def _bad_values(found: Iterable[Token]) -> Iterator[Mistake]:
    for token in found:
        if token.kind == "word":
            if token.text in NOT_NUMBERS:
                yield token.at, Code.NOT_A_NUMBER, {"word": token.text}
            elif FRACTION.search(token.text) and math.isinf(float(token.text)):
                yield token.at, Code.NUMBER_TOO_LARGE, {}
        elif _has_half(token):
            yield token.at, Code.HALF_CHARACTER, {}


def _has_half(token: Token) -> bool:
    return token.kind == "string" and HALF.search(_said(token)) is not None


def _said(token: Token) -> str:
    """The value of a JSON string; the string as written if it isn't JSON."""
    try:
        return str(json.loads(token.text)) if "\\" in token.text else token.text.strip('"')
    except ValueError:
        return token.text


def _doubled_keys(found: list[Token]) -> Iterator[Mistake]:
    objects: list[set[str] | None] = []  # keys seen in each open object; None for a list
    solid = [token for token in found if token.kind != "space"]
    for token, following in zip(solid, [*solid[1:], Token("mark", "", 0)], strict=True):
        if token.opens:
            objects.append(set() if token.text == "{" else None)
        elif token.closes:
            objects.pop()
        elif token.kind == "string" and following.text == ":" and objects and (keys := objects[-1]) is not None:
            key = _said(token)
            if key in keys:
                yield token.at, Code.DOUBLED_KEY, {"key": token.text}
            keys.add(key)


def place(text: str, at: int) -> TextPlace:
    """The place of the character at index `at`, for people."""
    line, column = jsontext.line_and_column(text, at)
    return TextPlace(at=at, line=line, column=column, excerpt=excerpt(text, at))


def excerpt(text: str, at: int) -> str:
    """The line around index `at`, and a caret under this place. Invisible characters become visible ones, one column wide."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    column = at - start
    first = max(0, min(column - EXCERPT // 2, len(line) - EXCERPT))
    shown = "".join(map(_one_column, line[first : first + EXCERPT]))
    before, after = ("…" if first else ""), ("…" if first + EXCERPT < len(line) else "")
    return f"{before}{shown}{after}\n{' ' * (len(before) + column - first)}^"


def _one_column(character: str) -> str:
    if is_visible(character):
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"
