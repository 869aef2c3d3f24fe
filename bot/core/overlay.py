"""Puts other values over the stored ones that a form shows."""

import json
from collections.abc import Mapping
from typing import Any

from bot.core import jsontext
from bot.core.model import Field, Shown


def overlaid(
    stored: Mapping[Field, Shown], args: list[Any] | None, kwargs: Mapping[str, Any], *, limit: int
) -> tuple[dict[Field, Shown], tuple[Field, ...]]:
    """What a form shows, and the fields whose values had to be left out.

    `args` replaces the stored list, None leaves it. `kwargs` are put into the stored object. A field can't have other values
    where they would be longer than `limit` characters: an input wouldn't show them, and what isn't shown isn't sent. Nor where
    the stored object can't be read.
    """
    found, left_out = dict(stored), []
    if args is not None:
        found[Field.ARGS] = _shown(json.dumps(args, ensure_ascii=False), args)
    if kwargs and (old := stored[Field.KWARGS]).value is not None:
        found[Field.KWARGS] = _shown(_with(old.compact, old.value, kwargs), {**old.value, **kwargs})
    elif kwargs:
        left_out.append(Field.KWARGS)
    for of, shown in found.items():
        if shown is not stored[of] and len(shown.compact) > limit:
            found[of] = stored[of]
            left_out.append(of)
    return found, tuple(left_out)


def _with(text: str, value: Mapping[str, Any], kwargs: Mapping[str, Any]) -> str:
    """The JSON object with these members. The others stay as they are written."""
    text = jsontext.replaced(text, {(name,): new for name, new in kwargs.items() if name in value})
    added = json.dumps({name: new for name, new in kwargs.items() if name not in value}, ensure_ascii=False)
    if added == "{}":
        return text
    return f"{text.rstrip()[:-1]}{', ' if value else ''}{added[1:]}"


def _shown(text: str, value: Any) -> Shown:
    return Shown(text=jsontext.indented(text), compact=text, value=value)
