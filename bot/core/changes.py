"""Compares a run's values with the schedule's stored ones."""

import json
from typing import Any, TypeAlias

from bot.core.model import Change
from bot.core.scrub import MASK
from bot.core.secrets import Call, Parameters, Secrets

_Values: TypeAlias = dict[tuple[int, str], Any]  # by position (0 for a keyword argument) and name


def changes(old: Call, new: Call, keys: tuple[str, ...], names: Parameters = ()) -> tuple[Change, ...]:
    """The values of (args, kwargs) that differ, positional arguments first, secrets masked.

    Both sides of a change read the same if only a secret differs.
    """
    before, after = _by_place(*old), _by_place(*new)
    differing = [
        place
        for place in sorted({**before, **after}, key=lambda place: place[0] == 0)
        if place not in before or place not in after or _json(before[place]) != _json(after[place])
    ]
    if not differing:
        return ()
    secrets = Secrets.of(keys, names, old, new)
    shown_before, shown_after = _masked(old, secrets), _masked(new, secrets)
    return tuple(
        Change(
            position=place[0],
            name=secrets.text(place[1]).replace("\0", "\N{REPLACEMENT CHARACTER}"),  # databases can't store NUL in JSON
            old=_shown(shown_before, place),
            new=_shown(shown_after, place),
        )
        for place in differing
    )


def _by_place(args: list[Any], kwargs: dict[str, Any]) -> _Values:
    return {(i, ""): value for i, value in enumerate(args, 1)} | {(0, name): value for name, value in kwargs.items()}


def _masked(call: Call, secrets: Secrets) -> _Values:
    args, kwargs = call
    hidden = secrets.hidden(kwargs)
    return _by_place(
        secrets.args(args), {name: MASK if name in hidden else secrets.value(value) for name, value in kwargs.items()}
    )


def _shown(masked: _Values, place: tuple[int, str]) -> str | None:
    if place not in masked:
        return None
    return MASK if masked[place] == MASK else _json(masked[place])


def _json(value: Any) -> str:
    """Equal for equal JSON: 1 and true differ, the order of keys doesn't matter."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
