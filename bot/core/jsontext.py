"""Handles JSON as text: splits it into tokens, indents it, and replaces single values.

The rest of a text stays as it is written: numbers (`1.10`, `1e400`), escapes, and duplicate keys.
`dumps(loads(text))` would change these.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

# Unicode spaces that phones and web pages insert. JSON allows only four kinds of white space (RFC 8259, section 2).
ODD_SPACES = "\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
ODD_SPACE = re.compile(f"[{ODD_SPACES}]")
TOKEN = re.compile(
    rf'(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<mark>[\[\]{{}}:,])|(?P<space>[\s{ODD_SPACES}]+)|(?P<word>[^\s"\[\]{{}}:,{ODD_SPACES}]+)',
    re.DOTALL,
)
INDENT = "  "


class Token(NamedTuple):
    """`kind` is string, mark, space or word (a number, a literal or nonsense). `at` is its index in the text."""

    kind: str
    text: str
    at: int

    @property
    def opens(self) -> bool:
        """Whether a list or an object begins here."""
        return self.text in ("[", "{")

    @property
    def closes(self) -> bool:
        return self.text in ("]", "}")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text`, which needn't be JSON. Every character belongs to exactly one token."""
    for match in TOKEN.finditer(text):
        yield Token(str(match.lastgroup), match.group(), match.start())


def plain_spaces(text: str) -> str:
    """`text` with plain spaces instead of the odd Unicode spaces between its tokens. Its length stays the same."""
    if not ODD_SPACE.search(text):  # the usual case, and faster
        return text
    return "".join(ODD_SPACE.sub(" ", t.text) if t.kind == "space" else t.text for t in tokens(text))


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """The line and the column of the character at index `at`. Both count from 1."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the outermost object: its key as written, with quotes, and where in the text its value begins and ends."""

    key: str
    begin: int
    end: int


def members(text: str) -> Iterator[Member]:
    """The members of the outermost object of `text`. If `text` isn't JSON, the members that can be found."""
    depth = 0
    key = before = Token("", "", 0)
    value: Token | None = None
    for token in tokens(text):
        if token.kind == "space":
            continue
        depth -= token.closes
        if value is not None and ((depth == 1 and token.text == ",") or depth == 0):
            yield Member(key.text, value.at, before.at + len(before.text))
            value = None
        elif value is None and before.text == ":" and depth == 1:
            value = token
        elif token.text == ":" and depth == 1:
            key = before
        depth += token.opens
        before = token
    if value is not None:
        yield Member(key.text, value.at, len(text))


Path: TypeAlias = tuple[str | int, ...]  # the keys and indexes that lead to a value, from the outermost one


def differences(value: Any, other: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The paths at which two JSON values differ, as deep inside as possible, each with the value of `other` at this path."""
    if isinstance(value, dict) and isinstance(other, dict) and value.keys() == other.keys():
        for key, inner in value.items():
            yield from differences(inner, other[key], (*path, key))
    elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        for at, inner in enumerate(value):
            yield from differences(inner, other[at], (*path, at))
    elif value != other:
        yield path, other


def replaced(text: str, values: Mapping[Path, Any]) -> str:
    """`text`, which must be valid JSON, with these values at their paths. Everything else stays as it is written."""
    out: list[str] = []
    open_brackets = 0  # open brackets in an old value that is being replaced, whose tokens are left out
    for token, path in _with_paths(text):
        if open_brackets:
            open_brackets += token.opens - token.closes
        elif path is not None and path in values:
            out.append(json.dumps(values[path], ensure_ascii=False))
            open_brackets = int(token.opens)
        else:
            out.append(token.text)
    return "".join(out)


def _with_paths(text: str) -> Iterator[tuple[Token, Path | None]]:
    """The tokens of valid JSON, each with the path of the value that begins with it. None: no value begins with it."""
    path: list[Any] = []  # keys and indexes; None: a key comes next
    for token in tokens(text):
        is_key = path[-1:] == [None]
        begins = not is_key and (token.kind in ("string", "word") or token.opens)
        yield token, tuple(path) if begins else None
        if token.opens:
            path.append(0 if token.text == "[" else None)
        elif token.closes:
            path.pop()
        elif token.text == ",":
            path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
        elif is_key and token.kind == "string":
            path[-1] = json.loads(token.text)


def indented(text: str) -> str:
    """`text`, which must be valid JSON, with one member per line. Strings and numbers stay as they are written."""
    out: list[str] = []
    depth = 0
    opened = False  # whether the last token opened a list or object; an empty one stays on its line
    for token in tokens(text):
        if token.kind == "space":
            continue
        if token.closes:
            depth -= 1
            out.append(token.text if opened else "\n" + INDENT * depth + token.text)
            opened = False
            continue
        if opened:
            out.append("\n" + INDENT * depth)
            opened = False
        if token.opens:
            depth += 1
            opened = True
        out.append({",": ",\n" + INDENT * depth, ":": ": "}.get(token.text, token.text))
    return "".join(out)
