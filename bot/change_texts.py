"""Changed values in words, for all front ends. A line names the path of the value: `transfer.iban: "DE1" -> "DE2"`.

An approver must see everything that changes, so a short form says whether it left something out.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.core.changes import inside
from bot.core.jsontext import Path
from bot.core.model import Change
from bot.core.text import ELLIPSIS, clip, clip_middle, exact, one_line, visible

NOT_SET = "(not set)"
CHANGED = "{name}: {old} -> {new}"
CHANGED_UNSEEN = "{name}: {value} ({note})"
WAS_CHANGED = "a secret was changed"
PERHAPS_CHANGED = "a secret, perhaps changed"
SETTING = "{name} of the schedule: {old} -> {new}"
MORE = "… and {number} more"

LINES = 20  # lines, at most
LENGTH = 3000  # characters of all lines, at most
NAME = 100  # characters of a value's path, at most
VALUE = 200  # characters of a value, at most
BEFORE = 40  # characters shown before the first difference, if a value is too long
ROOM_FOR_MORE = 30  # characters of MORE, at most
WORD = re.compile(r"[\w-]+")  # a key that needs no quotes


@dataclass(frozen=True, slots=True)
class Row:
    """A value that differs, in full. Invisible characters are escaped. `old` and `new`: None means not set."""

    name: str
    old: str | None
    new: str | None
    note: str = ""  # what is known of a secret: its old and its new value look the same


@dataclass(frozen=True, slots=True)
class Told:
    """The short form of some changes."""

    lines: tuple[str, ...]
    is_all: bool  # whether the lines show everything that changed


def change_name(change: Change) -> str:
    return f"argument {change.position}" if change.position else one_line(change.name)


def rows(changes: Iterable[Change]) -> Iterator[Row]:
    """The values that differ, as deep inside the changed arguments as possible."""
    for change in changes:
        found = inside(change)
        note = WAS_CHANGED if len(found) == 1 else PERHAPS_CHANGED
        for one in found:
            old, new = (None if value is None else visible(value) for value in (one.old, one.new))
            yield Row(_path(change, one.path), old, new, note if one.old == one.new else "")


def full_line(row: Row) -> str:
    return _line(row.name, row.old, row.new, row.note)


def short_lines(changes: Iterable[Change]) -> list[str]:
    """A line for each row. Long values are shown from shortly before their first difference."""
    return [_line(*_shortened(row), row.note) for row in rows(changes)]


def told(changes: Iterable[Change], settings: Iterable[Change] = (), most: int = LINES, length: int = LENGTH) -> Told:
    """The short form, at most `most` lines. `settings`: changes of the schedule's settings, which come first."""
    found = list(rows(changes))
    lines = [*map(setting_text, settings), *(_line(*_shortened(row), row.note) for row in found)]
    shown, left = lines[:most], length - ROOM_FOR_MORE
    for at, line in enumerate(shown):
        left -= len(line) + 1
        if left < 0:
            del shown[at:]
            break
    more = len(lines) - len(shown)
    is_all = not more and all(map(_is_whole, found))
    return Told((*shown, MORE.format(number=more)) if more else tuple(shown), is_all)


def setting_text(change: Change) -> str:
    """`queue of the schedule: fast -> slow`. The values of such a change are texts, not JSON."""
    old, new = (NOT_SET if one is None else clip(one_line(exact(one)), VALUE) for one in (change.old, change.new))
    return SETTING.format(name=change.name.replace("_", " "), old=old, new=new)


def _path(change: Change, path: Path) -> str:
    """`transfer.items[0].iban`. Other keys than words are quoted, so that no key looks like a path or a value."""
    name = change_name(change) if change.position else _quoted(change.name)
    return name + "".join(f"[{key}]" if isinstance(key, int) else f".{_quoted(key)}" for key in path)


def _quoted(key: str) -> str:
    return visible(key if WORD.fullmatch(key) else json.dumps(key, ensure_ascii=False))


def _line(name: str, old: str | None, new: str | None, note: str) -> str:
    old, new = (NOT_SET if value is None else value for value in (old, new))
    return (
        CHANGED_UNSEEN.format(name=name, value=new, note=note) if note else CHANGED.format(name=name, old=old, new=new)
    )


def _is_whole(row: Row) -> bool:
    """Whether the short form shows the row in full. Of a secret, there is nothing to show but its path."""
    name, old, new = _shortened(row)
    return name == row.name and (bool(row.note) or (old, new) == (row.old, row.new))


def _shortened(row: Row) -> tuple[str, str | None, str | None]:
    begin = max(0, _same(row.old or "", row.new or "") - BEFORE)
    old, new = (text if text is None else _window(text, begin) for text in (row.old, row.new))
    return clip_middle(row.name, NAME), old, new


def _same(text: str, other: str) -> int:
    """How many characters are the same at the beginning. If all are, there is no difference to show: 0."""
    return next((at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two), 0)


def _window(text: str, begin: int) -> str:
    if len(text) <= VALUE:
        return text
    before = ELLIPSIS if begin else ""
    return before + clip(text[begin:], VALUE - len(before))
