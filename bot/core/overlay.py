"""Replaces some of the stored values that a form shows."""

import json
from collections.abc import Mapping
from typing import Any

from bot.core import jsontext
from bot.core.model import Field, Shown


def overlaid(
    stored: Mapping[Field, Shown], args: list[Any] | None, kwargs: Mapping[str, Any], *, limit: int
) -> tuple[dict[Field, Shown], tuple[Field, ...]]:
    """Returns what a form shows, and the fields whose new values had to be left out.

    `args` replaces the stored list; None keeps it. `kwargs` are put into the stored object, unless that can't be read.
    A field keeps its stored value if the new value is longer than `limit` characters: an input wouldn't show it, and runtask
    sends only what the form shows.
    """
    found, left_out = dict(stored), []
    if args is not None:
        found[Field.ARGS] = _shown(json.dumps(args, ensure_ascii=False), args)
    if kwargs and (old := stored[Field.KWARGS]).value is not None:
        found[Field.KWARGS] = _shown(_with(old.compact, old.value, kwargs), {**old.value, **kwargs})
    elif kwargs:
        left_out.append(Field.KWARGS)
    for field, shown in found.items():
        if shown is not stored[field] and len(shown.compact) > limit:
            found[field] = stored[field]
            left_out.append(field)
    return found, tuple(left_out)


def _with(text: str, value: Mapping[str, Any], kwargs: Mapping[str, Any]) -> str:
    """`text`, a JSON object, with these members replaced or added. Other members stay as they are written."""
    text = jsontext.replaced(text, {(name,): new for name, new in kwargs.items() if name in value})
    added = json.dumps({name: new for name, new in kwargs.items() if name not in value}, ensure_ascii=False)
    if added == "{}":
        return text
    return f"{text.rstrip()[:-1]}{', ' if value else ''}{added[1:]}"


def _shown(text: str, value: Any) -> Shown:
    return Shown(text=jsontext.indented(text), compact=text, value=value)
