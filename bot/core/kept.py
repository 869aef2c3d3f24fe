"""Replaces masks that a form or a script left in values by the stored secrets.

A mask stands for the secret that is stored at the same place. If items were removed or moved, the place is ambiguous, and the
values are refused. So is a mask at a place where the secret would be shown later, and one that stands for a secret of
somebody else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.jsontext import Path
from bot.core.model import Field
from bot.core.reasons import Code, Invalid, Problem
from bot.core.scrub import MASK, NAMED, NAMING
from bot.core.secrets import Secrets, is_one_of

NOTHING = object()  # nothing is stored at this place
FOREIGN = object()  # a secret of somebody else is stored at this place


def has_mask(value: Any) -> bool:
    """Whether a mask is anywhere in this JSON."""
    if isinstance(value, dict):
        return any(MASK in key or has_mask(inner) for key, inner in value.items())
    return any(map(has_mask, value)) if isinstance(value, list) else isinstance(value, str) and MASK in value


def with_secrets(
    typed: Mapping[Field, Any],
    stored: Mapping[Field, Any],
    secrets: Secrets,
    headers: Any,
    shared: Mapping[Field, Any] | None = None,
) -> dict[Field, Any]:
    """`typed`, with the values of `stored` for its masks. `secrets` are the ones that masked `stored`. Raises Invalid.

    `shared`: if it is given, a mask stands only for a secret that is at the same place in these values, too.
    """
    masked = [of for of, value in typed.items() if has_mask(value) and value != stored.get(of)]
    if not masked:
        return dict(typed)
    problems: list[Problem] = []
    found = dict(typed)
    for of in masked:
        old = stored.get(of, NOTHING)
        shown = NOTHING if old is NOTHING else secrets.of_field(old, of)
        if shared is not None:
            old = _without_foreign(old, shown, shared.get(of, NOTHING))
        found[of] = _Keeping(of, problems).value(typed[of], old, shown, ())
    if not problems:
        # The run's texts must not show what is masked here.
        after = Secrets.of(secrets.keys, secrets.names, (found[Field.ARGS], found[Field.KWARGS]), headers=headers)
        for of in masked:
            uncovered = _uncovered(typed[of], after.of_field(found[of], of), ())
            problems += (_problem(Code.MASK_MOVED, of, path) for path in uncovered)
    if problems:
        raise Invalid(problems)
    return found


def foreign(of: Field, stored: Any, shown: Any, shared: Mapping[Field, Any]) -> tuple[str, ...]:
    """The places in `shown` at which no mask may stay, because the secret is in `stored` but not in `shared`."""
    problems: list[Problem] = []
    _Keeping(of, problems).value(shown, _without_foreign(stored, shown, shared.get(of, NOTHING)), shown, ())
    return tuple(str(problem.params["where"]) for problem in problems)


@dataclass
class _Keeping:
    """One walk through a value. `shown` is the masked form of `stored`."""

    of: Field
    problems: list[Problem]

    def value(self, typed: Any, stored: Any, shown: Any, path: Path) -> Any:
        if not has_mask(typed):
            return typed
        if stored is FOREIGN:
            return self._refused(Code.MASK_FOREIGN, path)
        if isinstance(typed, dict):
            return self._object(typed, stored, shown, path)
        if isinstance(typed, list):
            return self._list(typed, stored, shown, path)
        if typed == shown:
            return stored
        is_edited = typed != MASK and isinstance(shown, str) and MASK in shown
        return self._refused(Code.MASK_EDITED if is_edited else Code.MASK_WITHOUT_SECRET, path)

    def _object(self, typed: dict[str, Any], stored: Any, shown: Any, path: Path) -> Any:
        if not (isinstance(stored, dict) and isinstance(shown, dict) and len(stored) == len(shown)):
            stored = shown = {}
        stored_keys = dict(zip(shown, stored, strict=True))  # by the keys that were shown, as keys may be masked, too
        if any(MASK in key and key not in stored_keys for key in typed):
            return self._refused(Code.MASK_WITHOUT_SECRET, path)
        is_renamed = any(typed.get(key) != shown.get(key) for key in {*typed, *shown} if is_one_of(key, NAMING))
        found = {}
        for key, inner in typed.items():
            if is_renamed and inner == MASK and is_one_of(key, NAMED):
                self._refused(Code.MASK_MOVED, (*path, key))
            old_key = stored_keys.get(key, key)
            found[old_key] = self.value(inner, stored.get(old_key, NOTHING), shown.get(key, NOTHING), (*path, key))
        return found

    def _list(self, typed: list[Any], stored: Any, shown: Any, path: Path) -> Any:
        if not (isinstance(stored, list) and isinstance(shown, list)):
            stored = shown = []
        is_args = self.of is Field.ARGS and not path
        if shown and not _is_in_place(typed, shown, is_args=is_args):
            return self._refused(Code.MASK_MOVED, path)
        pairs = [*zip(stored, shown, strict=True), *[(NOTHING, NOTHING)] * max(0, len(typed) - len(shown))]
        return [self.value(inner, *pairs[at], (*path, at)) for at, inner in enumerate(typed)]

    def _refused(self, code: Code, path: Path) -> None:
        self.problems.append(_problem(code, self.of, path))


def _is_in_place(typed: list[Any], shown: list[Any], *, is_args: bool) -> bool:
    """Whether each mask in a list still stands for the same secret.

    It does if all items with masks are unchanged and at their old indexes. If the list is as long as before, texts with
    masks may have changed, or one list or object that no other item equals. Outside of a list of arguments, an item
    that is only a mask must also follow the same item as before.
    """
    masked = [at for at, item in enumerate(shown) if has_mask(item)]
    changed = [at for at in masked if at >= len(typed) or typed[at] != shown[at]]
    if not is_args and any(at and shown[at] == MASK and typed[at - 1 : at] != shown[at - 1 : at] for at in masked):
        return False
    if not changed:
        return True
    if len(typed) != len(shown):
        return False
    if not any(isinstance(shown[at], (dict, list)) for at in changed):
        return True
    return len(changed) == 1 and shown.count(shown[changed[0]]) == 1


def _without_foreign(stored: Any, shown: Any, shared: Any) -> Any:
    """`stored`, with FOREIGN in place of what holds a secret and isn't the same in `shared`. `shown` is its masked form."""
    if stored in (shown, shared):
        return stored
    if isinstance(stored, dict) and isinstance(shown, dict) and len(stored) == len(shown):
        others = shared if isinstance(shared, dict) else {}
        pairs = list(zip(stored, shown, strict=True))
        if any(key != shown_key and key not in others for key, shown_key in pairs):
            return FOREIGN  # a key holds a secret itself
        return {
            key: _without_foreign(stored[key], shown[shown_key], others.get(key, NOTHING)) for key, shown_key in pairs
        }
    if isinstance(stored, list) and isinstance(shown, list):
        rest = [*(shared if isinstance(shared, list) else []), *[NOTHING] * len(stored)]
        return [_without_foreign(*items) for items in zip(stored, shown, rest, strict=False)]
    return FOREIGN


def _uncovered(typed: Any, shown: Any, path: Path) -> Iterator[Path]:
    """The paths at which somebody left a mask, but at which the result would not be masked in the same way."""
    if isinstance(typed, str):
        if MASK in typed and typed != shown:
            yield path
    elif isinstance(typed, dict) and isinstance(shown, dict):
        for key, inner in typed.items():
            yield from _uncovered(inner, shown.get(key), (*path, key))
    elif isinstance(typed, list) and isinstance(shown, list):
        for at, inner in enumerate(typed):
            yield from _uncovered(inner, shown[at], (*path, at))


def _problem(code: Code, of: Field, path: Path) -> Problem:
    return Problem(code=code, field=of, params={"where": _path_text(path, of)})


def _path_text(path: Path, of: Field) -> str:
    """A path as people read it: `smtp.password`, `hosts[0].password`. Positional arguments count from 1."""
    first, rest = (f"argument {int(path[0]) + 1}", path[1:]) if of is Field.ARGS and path else ("", path)
    words = first + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
    return words.removeprefix(".") or "the outermost level"
