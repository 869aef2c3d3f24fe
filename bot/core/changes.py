"""What a run changes in its schedule's stored values, with secrets masked."""

import json
from collections.abc import Iterator
from typing import Any

from bot.core.model import Change

MASK = "••••"


def masked(value: Any, secret_keys: tuple[str, ...]) -> Any:
    """A JSON value with MASK in the place of every value under a secret-looking key."""
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
    """The values of (args, kwargs) that differ."""
    return (*_of_lists(old[0], new[0], secret_keys), *_of_dicts(old[1], new[1], secret_keys))


def _of_lists(old: list[Any], new: list[Any], secret_keys: tuple[str, ...]) -> Iterator[Change]:
    for i in range(max(len(old), len(new))):
        before, after = old[i : i + 1], new[i : i + 1]
        if _json(before) != _json(after):
            yield Change(
                position=i + 1,
                old=_json(masked(before[0], secret_keys)) if before else None,
                new=_json(masked(after[0], secret_keys)) if after else None,
            )


def _of_dicts(old: dict[str, Any], new: dict[str, Any], secret_keys: tuple[str, ...]) -> Iterator[Change]:
    for key in [*old, *(key for key in new if key not in old)]:
        if key in old and key in new and _json(old[key]) == _json(new[key]):
            continue
        hidden = is_secret(key, secret_keys)
        yield Change(
            name=key.replace("\0", "\N{REPLACEMENT CHARACTER}"),  # no database keeps NUL in JSON
            old=_shown(old[key], secret_keys, hidden=hidden) if key in old else None,
            new=_shown(new[key], secret_keys, hidden=hidden) if key in new else None,
        )


def _shown(value: Any, secret_keys: tuple[str, ...], *, hidden: bool) -> str:
    return MASK if hidden else _json(masked(value, secret_keys))


def _json(value: Any) -> str:
    """Equal for equal JSON: 1 and true differ, the order of keys doesn't matter."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
