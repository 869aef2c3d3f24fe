"""Compares a run's values with the schedule's stored ones, and masks secrets."""

import json
from typing import Any, TypeAlias

from bot.core.model import Change

MASK = "••••"
_Values: TypeAlias = dict[tuple[int, str], Any]  # by position (0 for a keyword argument) and name


def masked(value: Any, secret_keys: tuple[str, ...]) -> Any:
    """The JSON value, with MASK for every value under a secret-looking key."""
    if isinstance(value, dict):
        return {k: MASK if is_secret(k, secret_keys) else masked(v, secret_keys) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(item, secret_keys) for item in value]
    return value


def is_secret(key: str, secret_keys: tuple[str, ...]) -> bool:
    plain = key.lower().replace("-", "_")
    return any(word in plain for word in secret_keys)


def changes(
    old: tuple[list[Any], dict[str, Any]], new: tuple[list[Any], dict[str, Any]], secret_keys: tuple[str, ...]
) -> tuple[Change, ...]:
    """The values of (args, kwargs) that differ, positional arguments first."""
    before, after = _by_place(*old), _by_place(*new)
    return tuple(
        Change(
            position=place[0],
            name=place[1].replace("\0", "\N{REPLACEMENT CHARACTER}"),  # databases can't store NUL in JSON
            old=_shown(before, place, secret_keys),
            new=_shown(after, place, secret_keys),
        )
        for place in sorted({**before, **after}, key=lambda place: place[0] == 0)
        if place not in before or place not in after or _json(before[place]) != _json(after[place])
    )


def _by_place(args: list[Any], kwargs: dict[str, Any]) -> _Values:
    return {(i, ""): value for i, value in enumerate(args, 1)} | {(0, name): value for name, value in kwargs.items()}


def _shown(values: _Values, place: tuple[int, str], secret_keys: tuple[str, ...]) -> str | None:
    if place not in values:
        return None
    return MASK if is_secret(place[1], secret_keys) else _json(masked(values[place], secret_keys))


def _json(value: Any) -> str:
    """Equal for equal JSON: 1 and true differ, the order of keys doesn't matter."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
