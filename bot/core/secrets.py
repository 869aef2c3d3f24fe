"""Finds secrets in a run's values and in texts about the run, and replaces them by MASK.

The name of a value's key, parameter, option or pair makes the value secret. Texts are searched for such names, too, and for
the run's known secret values at any place.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self, TypeAlias

from bot.core import jsontext, scrub
from bot.core.known import Known
from bot.core.model import Field
from bot.core.scrub import MASK, NAMED, NAMING, Span
from bot.core.written import parts, read

WORDS = (
    "password", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "access_token", "auth_token", "api_key",
    "access_key", "secret_key", "private_key", "credential", "auth", "authorization", "bearer", "cookie", "session_id",
    "dsn",
)  # fmt: skip
LONGEST_NAME = 100  # characters; a longer text isn't the name of a value
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W0-9_A-Za-z]+")
OPTION = re.compile(r"-[\w.\-]{1,99}")
ONE_NAME = re.compile(r"[\w.\-/: ]{1,100}")

Call: TypeAlias = tuple[Any, Any]  # args and kwargs; each is a text if it can't be read
# Names of positional parameters; if the last begins with *, it takes all further values.
Parameters: TypeAlias = tuple[str, ...]


def joined(word: str) -> str:
    """A word in one spelling: `API-Key`, `api_key` and `apiKey` become `apikey`."""
    return "".join(PART.findall(unicodedata.normalize("NFKC", word))).casefold()


@lru_cache
def _words(keys: tuple[str, ...]) -> frozenset[str]:
    found = {joined(key) for key in keys} - {""}
    return frozenset(found | {f"{word}s" for word in found})


def is_secret(name: str, keys: tuple[str, ...] = WORDS, *, at_end: bool = False) -> bool:
    """Whether whole words of the name make up one of `keys`, or its plural. `at_end`: only the last words count."""
    if len(name) > LONGEST_NAME:
        return not at_end and any(is_secret(part, keys) for part in _pieces(name))
    return _is_secret(name, _words(keys), at_end=at_end)


def _pieces(name: str) -> Iterator[str]:
    """The pieces of a very long key. They overlap, so that each word of up to 50 characters is whole in one of them."""
    half = LONGEST_NAME // 2
    return (name[at : at + LONGEST_NAME] for at in range(0, len(name), half))


@lru_cache(maxsize=4096)
def _is_secret(name: str, words: frozenset[str], *, at_end: bool) -> bool:
    parts = [part.casefold() for part in PART.findall(unicodedata.normalize("NFKC", name))]
    while at_end and parts and parts[-1].isdigit():
        parts.pop()
    longest = max(map(len, words), default=0)
    for first in range(len(parts)):
        row = ""
        for last in range(first, len(parts)):
            row += parts[last]
            if len(row) > longest:
                break
            if row in words and (not at_end or last == len(parts) - 1):
                return True
    return False


def parameter(names: Parameters, index: int) -> str:
    """The name of the positional value at this index. Empty: it isn't known."""
    if index < len(names) and not names[index].startswith("*"):
        return names[index]
    return names[-1] if names and names[-1].startswith("*") and index >= len(names) - 1 else ""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """How to mask the values of one schedule or run, and texts about it."""

    keys: tuple[str, ...] = WORDS
    names: Parameters = ()
    known: Known = field(default_factory=Known)

    @classmethod
    def of(cls, keys: tuple[str, ...], names: Parameters, *calls: Call, headers: Any = None) -> Self:
        """An object that knows the secrets in these values."""
        blind = cls(keys=keys, names=names)
        found = set(blind.inside(headers))
        for args, kwargs in calls:
            found.update(blind.inside(args, is_args=True), blind.inside(kwargs))
        return cls(keys=keys, names=names, known=Known.of(found))

    def is_secret(self, name: str, /, *, at_end: bool = False) -> bool:
        return is_secret(name, self.keys, at_end=at_end)

    def of_field(self, value: Any, of: Field) -> Any:
        return self.args(value) if of is Field.ARGS else self.value(value)

    def args(self, values: list[Any]) -> list[Any]:
        masked: list[Any] = self.value(values, is_args=True)
        return masked

    def value(self, value: Any, *, is_args: bool = False) -> Any:
        """JSON of the same shape, with MASK in place of secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            hidden = self.hidden(value)
            return {
                self.text(key) if isinstance(key, str) else key: MASK if key in hidden else self.value(inner)
                for key, inner in value.items()
            }
        if isinstance(value, (list, tuple)):
            hidden = self.hidden(value, is_args=is_args)
            return [MASK if at in hidden else self.value(inner) for at, inner in enumerate(value)]
        return self._number(value)

    def text(self, text: str, mask: Callable[[str], str] = lambda _: MASK) -> str:
        """The text without known secrets, and without values whose names are secret. `mask` makes what replaces each."""
        text = _masked(text, self.known.spans(text), mask)
        return _masked(text, scrub.spans(text, self.is_secret), mask)

    def broken(self, text: str, of: Field) -> str:
        """The masked text of arguments that aren't JSON. If any parameter is secret, every string in a list may be its value."""
        if of is Field.ARGS and any(map(self.is_secret, self.names)):
            text = "".join(f'"{MASK}"' if one.kind == "string" else one.text for one in jsontext.tokens(text))
        return self.text(text)

    def blotted(self, text: str, of: Field) -> str:
        """As `broken`, but each masked character becomes a `•`, so that all characters keep their positions."""
        if of is Field.ARGS and any(map(self.is_secret, self.names)):
            text = "".join(_blot(one.text) if one.kind == "string" else one.text for one in jsontext.tokens(text))
        return self.text(text, _blot)

    def hidden(self, values: Any, *, is_args: bool = False) -> Collection[Any]:
        """The keys or indexes whose values are secret because of a name."""
        if isinstance(values, dict):
            found = {key for key in values if isinstance(key, str) and self.is_secret(key)}
            if any(self._is_name(inner) for key, inner in values.items() if is_one_of(key, NAMING)):
                found |= {key for key in values if is_one_of(key, NAMED)}
            return found
        names = self.names if is_args else ()
        return {
            at for at in range(len(values)) if self.is_secret(parameter(names, at)) or self.follows_name(values, at)
        }

    def follows_name(self, values: Any, at: int) -> bool:
        """Whether the item at index `at` follows the name of a secret: as an option's value, or as the second item of a pair."""
        before = values[at - 1] if at else None
        if before is None or not self._is_name(before):
            return False
        if before.startswith("-"):
            return OPTION.fullmatch(before) is not None and not (
                isinstance(values[at], str) and values[at].startswith("-")
            )
        return len(values) == 2

    def _is_name(self, value: Any) -> bool:
        return (
            isinstance(value, str)
            and ONE_NAME.fullmatch(value) is not None
            and scrub.is_named_secret(value, self.is_secret)
        )

    def inside(self, value: Any, *, is_args: bool = False) -> Iterator[str]:
        """The secrets that are long enough to be looked for in texts."""
        if isinstance(value, str):
            found = (value[start:end] for start, end in scrub.spans(value, self.is_secret))
            yield from (part for one in found for text in read(one) for part in parts(text))
        elif isinstance(value, (dict, list, tuple)):
            hidden = self.hidden(value, is_args=is_args)
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                yield from _leaves(inner) if key in hidden else self.inside(inner)

    def _number(self, value: Any) -> Any:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return MASK if is_number and self._is_known(str(value)) else value

    def _is_known(self, text: str) -> bool:
        return _masked(text, self.known.spans(text), lambda _: "") == ""


def _masked(text: str, spans: Iterable[Span], mask: Callable[[str], str]) -> str:
    out, last = list[str](), 0
    for start, end in spans:
        out += [text[last:start], mask(text[start:end])]
        last = end
    return "".join([*out, text[last:]]) if out else text


def _blot(text: str) -> str:
    return re.sub(r"[^\n]", "•", text)


def is_one_of(key: Any, names: Collection[str]) -> bool:
    return isinstance(key, str) and key.casefold() in names


def _leaves(value: Any) -> Iterator[str]:
    """The parts of a value that is secret as a whole. The name of a type (kombu's `__type__`) isn't secret."""
    if isinstance(value, dict) and "__type__" in value:
        yield from _leaves(value.get("__value__"))
    elif isinstance(value, dict):
        yield from (leaf for inner in value.values() for leaf in _leaves(inner))
    elif isinstance(value, (list, tuple)):
        yield from (leaf for inner in value for leaf in _leaves(inner))
    elif value is not None and not isinstance(value, bool):
        yield from parts(str(value))
