"""Reads a message to the bot: `nightly sales days=30 region="EU west"`.

The schedule's name comes first. It may contain spaces, and may be in quotes. Then come `key=value`, a JSON object (keyword
arguments) and a JSON list (arguments), in any order. A value that isn't JSON is a text.
"""

import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bot.core import jsontext, strictjson
from bot.core.model import Field
from bot.core.reasons import Code, Invalid, Problem

STRAIGHT = str.maketrans("“”„‟«»″", '"""""""')  # phones type typographic quotes
NAME_QUOTES = '"“”„‟«»'
# By an opening quote, the quotes that close it.
VALUE_QUOTES = {"'": "'’", "‘": "'’", "’": "'’", **dict.fromkeys(NAME_QUOTES, NAME_QUOTES)}
# Backticks make text look like code in Slack. Here they count as spaces.
SPACES = re.compile(r"[\s`]+")
WORD = re.compile(r"[^\s`]\S*")
KEY = re.compile(r"([^\s`=]+)=(?=[^\s`])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """The parts of a message. They aren't checked against a schedule."""

    name: str = ""  # the schedule's name; empty: the message has none
    is_quoted: bool = False
    args: list[Any] | None = field(default=None, repr=False)  # None: the stored list
    kwargs: dict[str, Any] = field(default_factory=dict, repr=False)  # values that replace or extend the stored ones

    @property
    def has_values(self) -> bool:
        return self.args is not None or bool(self.kwargs)


def parse(text: str) -> Mention:
    """The parts of a message. Raises Invalid, whose problems have no places and quote no values, as values may be secret."""
    try:
        return _Reading(text).all()
    except Invalid as exc:
        raise Invalid([replace(one, place=None) for one in exc.problems]) from None


@dataclass
class _Reading:
    """One walk through a text, from left to right."""

    text: str = field(repr=False)
    at: int = 0
    args: list[Any] | None = field(default=None, repr=False)
    kwargs: dict[str, Any] = field(default_factory=dict, repr=False)

    def all(self) -> Mention:
        self._skip()
        is_quoted = self._next in tuple(NAME_QUOTES)
        name = self._quoted_name() if is_quoted else self._plain_name()
        while self._next:
            self._value()
            self._skip()
        if not name and (self.args is not None or self.kwargs):
            raise _invalid(Code.MENTION_NO_NAME)
        for of, value in ((Field.ARGS, self.args), (Field.KWARGS, self.kwargs)):
            strictjson.read(json.dumps(value), of)  # fails for half of a surrogate pair
        return Mention(name=name, is_quoted=is_quoted, args=self.args, kwargs=self.kwargs)

    @cached_property
    def _straight(self) -> str:
        """The text with straight quotes. Its length stays the same, so indexes do, too."""
        return self.text.translate(STRAIGHT)

    @property
    def _next(self) -> str:
        """The next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def _skip(self) -> None:
        if (spaces := SPACES.match(self.text, self.at)) is not None:
            self.at = spaces.end()

    def _quoted_name(self) -> str:
        name = self._quoted(NAME_QUOTES).strip()
        self._skip()
        return name

    def _plain_name(self) -> str:
        """The words before the first value."""
        words = []
        while self._next not in ("", "[", "{"):
            word = self._word()
            if "=" in word.group():
                break
            words.append(word.group().rstrip("`"))
            self.at = word.end()
            self._skip()
        return " ".join(words)

    def _word(self) -> re.Match[str]:
        """The next word. It begins at the next character, which isn't a space."""
        found = WORD.match(self.text, self.at)
        if found is None:  # can't be
            raise ValueError(self.at)
        return found

    def _value(self) -> None:
        if self._next in ("[", "{"):
            self._add(self._json())
            return
        key = KEY.match(self.text, self.at)
        if key is None:
            raise _invalid(Code.MENTION_NOT_A_PAIR)
        self.at = key.end()
        self._add({key[1]: self._one_value()})

    def _add(self, value: Any) -> None:
        if isinstance(value, list):
            if self.args is not None:
                raise _invalid(Code.MENTION_TWO_LISTS)
            self.args = value
            return
        if twice := self.kwargs.keys() & value.keys():
            raise _invalid(Code.DOUBLED_KEY, key=min(twice))
        self.kwargs |= value

    def _one_value(self) -> Any:
        if self._next in ("[", "{"):
            return self._json()
        if self._next in VALUE_QUOTES:
            begin = self.at
            inside = self._quoted(VALUE_QUOTES[self._next])
            is_json = self.text[begin] == '"' == self.text[self.at - 1]
            return _read(self.text[begin : self.at], otherwise=inside) if is_json else inside
        word = self._word()
        self.at = word.end()
        typed = word.group().rstrip("`")
        return _read(typed, otherwise=typed)

    def _quoted(self, closing: str) -> str:
        """The text up to a closing quote that a space follows, so that there may be quotes inside."""
        end = re.compile(rf"(?<!\\)[{re.escape(closing)}](?=[\s`]|$)").search(self.text, self.at + 1)
        if end is None:
            raise _invalid(Code.MENTION_OPEN_QUOTE)
        inside = self.text[self.at + 1 : end.start()]
        self.at = end.end()
        return inside

    def _json(self) -> Any:
        rest = self.text[self.at :]
        try:
            value, length = _json(rest)
        except Invalid as exc:
            try:
                value, length = _json(self._straight[self.at :])
            except Invalid:
                raise exc from None
        self.at += length
        if self._next and not SPACES.match(self._next):
            raise _invalid(Code.MENTION_NO_SPACE)
        return value


def _json(text: str) -> tuple[Any, int]:
    """The list or object at the beginning of a text, and its length. Raises Invalid."""
    depth, end = 0, len(text)
    for token in jsontext.tokens(text):
        depth += token.opens - token.closes
        if depth == 0:
            end = token.at + 1
            break
    of = Field.ARGS if text.startswith("[") else Field.KWARGS
    return strictjson.read(jsontext.plain_spaces(text[:end]), of), end


def _read(text: str, *, otherwise: str) -> Any:
    try:
        return strictjson.read(text, Field.KWARGS)
    except Invalid:
        return otherwise


def _invalid(code: Code, **params: str) -> Invalid:
    return Invalid([Problem(code=code, params=params, field=Field.SCHEDULE)])
