"""Compares a run's values with the schedule's stored ones."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from bot.core.jsontext import Path
from bot.core.model import Change
from bot.core.scrub import MASK
from bot.core.secrets import Call, Parameters, Secrets

_Place: TypeAlias = tuple[int, str]  # (3, ""): the third positional argument; (0, "days"): a keyword argument
_Values: TypeAlias = dict[_Place, Any]
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
INSIDE = 100  # differences inside one change that are told one by one, at most


def changes(
    old: Call, new: Call, keys: tuple[str, ...], names: Parameters = (), *, headers: Any = None
) -> tuple[Change, ...]:
    """The values that differ between two calls, positional arguments first. Secrets are masked, also those from `headers`.

    If only a secret differs, `old` and `new` of the change are the same.
    """
    before, after = _by_place(*old), _by_place(*new)
    differing = [
        place
        for place in _in_order({**before, **after})
        if place not in before or place not in after or _json(before[place]) != _json(after[place])
    ]
    if not differing:
        return ()
    secrets = Secrets.of(keys, names, old, new, headers=headers)
    shown_before, shown_after = _masked(old, secrets), _masked(new, secrets)
    return tuple(
        Change(
            position=place[0],
            name=_shown_name(place, secrets),
            old=_shown(shown_before, place),
            new=_shown(shown_after, place),
        )
        for place in differing
    )


def since(
    sent: Call,
    made: Collection[Change],
    now: Call,
    keys: tuple[str, ...],
    names: Parameters = (),
    *,
    headers: Any = None,
) -> tuple[Change, ...]:
    """How the stored values have changed since a run that sent `sent`, with secrets masked.

    `made`: how `sent` differed from the values that were stored at that time. The run's row doesn't hold those; they are
    `sent` without the changes `made`. If the run changed a secret, the stored secret isn't known any more, so this function
    doesn't find a change of it.
    """
    before, after = _by_place(*sent), _by_place(*now)
    secrets = Secrets.of(keys, names, sent, now, headers=headers)
    shown_before, shown_after = _masked(sent, secrets), _masked(now, secrets)
    undone = {(change.position, change.name): change.old for change in made}
    places = {(place[0], _shown_name(place, secrets)): place for place in [*undone, *before, *after]}
    found = []
    for shown, place in places.items():
        new = _shown(shown_after, place)
        if shown in undone:
            old = undone[shown]
            differs = old != new
        else:
            old = _shown(shown_before, place)
            differs = place not in before or place not in after or _json(before[place]) != _json(after[place])
        if differs:
            found.append(Change(position=shown[0], name=shown[1], old=old, new=new))
    return tuple(sorted(found, key=lambda change: (not change.position, change.position)))


@dataclass(frozen=True, slots=True)
class Difference:
    """A value inside an argument that differs. `old` and `new` are JSON texts, as in a Change.

    If they are the same, the value is or holds a secret. Nobody can tell from them whether that secret was changed.
    """

    path: Path  # the keys and indexes that lead to it; empty: the whole argument
    old: str | None
    new: str | None


def inside(change: Change) -> tuple[Difference, ...]:
    """The differences inside a change, as deep inside as possible. If there are too many, the change as a whole."""
    whole = Difference((), change.old, change.new)
    if change.old is None or change.new is None:
        return (whole,)
    try:
        found = tuple(islice(_inside(json.loads(change.old), json.loads(change.new), ()), INSIDE + 1))
    except (ValueError, RecursionError):  # such as a MASK, which isn't JSON
        return (whole,)
    return found if 0 < len(found) <= INSIDE else (whole,)


def _inside(old: Any, new: Any, path: Path) -> Iterator[Difference]:
    """Lists of different lengths aren't compared item by item: after an insertion, all later items would differ."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        for key in {**old, **new}:
            if key in old and key in new:
                yield from _inside(old[key], new[key], (*path, key))
            else:
                yield Difference((*path, key), *(_json(one[key]) if key in one else None for one in (old, new)))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) > 0:
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            if not _is_same(one, other):  # asked here, too: a call for each item would take most of the time
                yield from _inside(one, other, (*path, at))
    else:
        yield from _here(old, new, path)


def _here(old: Any, new: Any, path: Path) -> tuple[Difference, ...]:
    if _is_same(old, new):
        return ()
    before, after = _json(old), _json(new)
    return (Difference(path, before, after),) if before != after or MASK in before else ()


def _is_same(old: Any, new: Any) -> bool:
    """Whether two values are clearly the same, and hold no secret. Much faster than comparing their JSON.

    Only for values that aren't lists or objects. 1, 1.0 and true differ, and so do 0.0 and -0.0.
    """
    kind = type(old)
    if kind is not type(new) or kind is dict or kind is list or old != new:
        return False
    return MASK not in old if kind is str else kind is not float or old != 0


def _in_order(places: Collection[_Place]) -> list[_Place]:
    """Positional arguments first."""
    return sorted(places, key=lambda place: place[0] == 0)


def _shown_name(place: _Place, secrets: Secrets) -> str:
    return secrets.text(place[1]).replace("\0", "\N{REPLACEMENT CHARACTER}")  # databases can't store NUL in JSON


def _by_place(args: list[Any], kwargs: dict[str, Any]) -> _Values:
    return {(i, ""): value for i, value in enumerate(args, 1)} | {(0, name): value for name, value in kwargs.items()}


def _masked(call: Call, secrets: Secrets) -> _Values:
    args, kwargs = call
    hidden = secrets.hidden(kwargs)
    return _by_place(
        secrets.args(args), {name: MASK if name in hidden else secrets.value(value) for name, value in kwargs.items()}
    )


def _shown(masked: _Values, place: _Place) -> str | None:
    if place not in masked:
        return None
    return MASK if masked[place] == MASK else _json(masked[place])


def _json(value: Any) -> str:
    """The value as text that is equal for equal JSON. 1 and true differ; the order of keys doesn't matter."""
    return _JSON.encode(value)
