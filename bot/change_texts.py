"""Changed values in words, for all front ends. A line names the path of the value: `transfer.iban: "DE1" -> "DE2"`.

An approver must see everything that changes, so a short form says whether it left something out.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bot.core.changes import inside
from bot.core.jsontext import Path
from bot.core.model import Change
from bot.core.scrub import MASK
from bot.core.text import ELLIPSIS, clip, clip_middle, exact, first_fitting, one_line, visible

NOT_SET = "(not set)"
CHANGED = "{name}: {old} -> {new}"
CHANGED_UNSEEN = "{name}: {value} ({note})"
WAS_CHANGED = "a secret was changed"
PERHAPS_CHANGED = "a secret, perhaps changed"
SETTING = "{name} of the schedule"
MORE = "… and {number} more"

NAME = 100  # characters of a value's path in the short form, at most
VALUE = 200  # characters of a value in the short form, at most
BEFORE = 40  # characters shown before the first difference, if a value is too long
WORD = re.compile(r"[\w-]+")  # a key that needs no quotes


@dataclass(frozen=True, slots=True)
class Room:
    """How much a front end has room for, at most."""

    lines: int
    length: int  # characters of all lines
    name: int = NAME
    value: int = VALUE


@dataclass(frozen=True, slots=True)
class Row:
    """A value that differs. Invisible characters are escaped. `old` and `new`: None means not set."""

    name: str
    old: str | None
    new: str | None
    note: str = ""  # what is known of a secret: its old and its new value look the same


@dataclass(frozen=True, slots=True)
class Told:
    """The short form of some changes."""

    lines: tuple[str, ...]
    is_all: bool  # whether the lines show everything that changed, in full


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
    old, new = (NOT_SET if value is None else value for value in (row.old, row.new))
    if row.note:
        return CHANGED_UNSEEN.format(name=row.name, value=new, note=row.note)
    return CHANGED.format(name=row.name, old=old, new=new)


def secret_names(changes: Iterable[Change]) -> list[str]:
    """The paths of the values that are masked, wholly or in part."""
    return [row.name for row in rows(changes) if MASK in f"{row.old}{row.new}"]


def short_lines(changes: Iterable[Change]) -> list[str]:
    """A line for each row. Long values are shown from shortly before their first difference."""
    return [full_line(_shortened(row, NAME, VALUE)) for row in rows(changes)]


def told(changes: Iterable[Change], room: Room, settings: Iterable[Change] = ()) -> Told:
    """The short form. `settings`: changes of the schedule's settings, which come first."""
    found = [*map(_setting, settings), *rows(changes)]
    short = [_shortened(row, room.name, room.value) for row in found]
    lines = list(map(full_line, short))
    shown = first_fitting(lines, room.lines, room.length, MORE)
    return Told(tuple(shown), is_all=short == found and shown == lines)


def setting_text(change: Change) -> str:
    """`queue of the schedule: fast -> slow`."""
    return full_line(_shortened(_setting(change), NAME, VALUE))


def _setting(change: Change) -> Row:
    """The values of such a change are texts, not JSON."""
    old, new = (None if one is None else one_line(exact(one)) for one in (change.old, change.new))
    return Row(SETTING.format(name=change.name.replace("_", " ")), old, new)


def _path(change: Change, path: Path) -> str:
    """`transfer.items[0].iban`. Other keys than words are quoted, so that no key looks like a path or a value."""
    name = change_name(change) if change.position else _quoted(change.name)
    return name + "".join(f"[{key}]" if isinstance(key, int) else f".{_quoted(key)}" for key in path)


def _quoted(key: str) -> str:
    return visible(key if WORD.fullmatch(key) else json.dumps(key, ensure_ascii=False))


def _shortened(row: Row, name: int, value: int) -> Row:
    begin = max(0, _same(row.old or "", row.new or "") - BEFORE)
    old, new = (text if text is None else _window(text, begin, value) for text in (row.old, row.new))
    return replace(row, name=clip_middle(row.name, name), old=old, new=new)


def _same(text: str, other: str) -> int:
    """The number of characters with which both texts begin. 0 for equal texts, which have no difference to show."""
    if text == other:
        return 0
    differing = (at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two)
    return next(differing, min(len(text), len(other)))


def _window(text: str, begin: int, limit: int) -> str:
    if len(text) <= limit:
        return text
    before = ELLIPSIS if begin else ""
    return before + clip(text[begin:], limit - len(before))
