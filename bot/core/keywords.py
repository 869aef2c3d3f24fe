"""Replaces those keywords of jsonschema that fail for some values, and limits the time of a check."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

SECONDS = 0.5  # CPU seconds for one check; the longest list of numbers that a form accepts takes half of it
LONGEST = 100_000  # characters, as `_written_out` counts them: regex takes 300 bytes for each
# An escape, a set of characters, or the dollar sign that means the end.
END = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\$", re.DOTALL)
REPEATED = re.compile(r"(?P<group>\)?)\{0*(?P<times>\d{1,9})")
_until: ContextVar[float | None] = ContextVar("the thread's CPU time when the check ends; None: no limit", default=None)


class BadExpression(Exception):
    """This isn't a regular expression, or it is too large."""


@cache
def validator_class(theirs: Any) -> Any:
    """jsonschema's class of validators, with our keywords."""
    from jsonschema.validators import extend  # noqa: PLC0415  # an extra has it

    ours = {
        "multipleOf": _multiple_of,
        "uniqueItems": _unique_items,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
    limited = {name: _limited(check) for name, check in {**theirs.VALIDATORS, **ours}.items()}
    return extend(theirs, limited)  # type: ignore[no-untyped-call]


def _limited(check: Callable[..., Any]) -> Callable[..., Any]:
    def limited(validator: Any, expected: Any, value: Any, schema: Any) -> Any:
        _left()
        return check(validator, expected, value, schema)

    return limited


@contextmanager
def in_time() -> Iterator[None]:
    """Inside, a check raises TimeoutError when it has taken SECONDS."""
    token = _until.set(time.thread_time() + SECONDS)
    try:
        yield
    finally:
        _until.reset(token)


def _left() -> float | None:
    """The CPU seconds that are left for the check. None: it has no limit. Raises TimeoutError if none are left."""
    if (until := _until.get()) is None:
        return None
    if (left := until - time.thread_time()) <= 0:
        raise TimeoutError
    return left


def matches(pattern: str, text: str) -> bool:
    """Whether the expression matches anywhere in the text. Raises TimeoutError or BadExpression."""
    # `concurrent`: other threads run meanwhile.
    return compiled(pattern).search(text, timeout=_left(), concurrent=True) is not None


@lru_cache(maxsize=1000)
def compiled(pattern: str) -> Any:
    """The compiled expression. `$` means the end of the text, as in JSON Schema. In Python, it also matches before a
    last line break.

    Raises BadExpression.
    """
    import regex  # noqa: PLC0415  # an extra has it

    if _written_out(pattern) > LONGEST:
        raise BadExpression(f"with its repetitions written out, it is longer than {LONGEST:,} characters")
    try:
        return regex.compile(END.sub(lambda found: r"\Z" if found[0] == "$" else found[0], pattern))
    except (regex.error, OverflowError, RecursionError) as exc:
        raise BadExpression(str(exc)) from exc


def _written_out(pattern: str) -> int:
    """Roughly, the length of the expression if each repetition were written out. A repeated set counts as one character.

    Only repetitions that must occur count. Groups may be nested, so their repetitions are multiplied.
    """
    length, groups = len(pattern), 1
    for found in REPEATED.finditer("".join(pattern.split())):
        if found["group"]:
            groups *= max(1, int(found["times"]))
        else:
            length += int(found["times"])
    return length * groups


def _error(message: str) -> Any:
    from jsonschema import ValidationError  # noqa: PLC0415

    return ValidationError(message)


def _pattern(validator: Any, pattern: str, value: Any, _: Any) -> Iterator[Any]:
    if validator.is_type(value, "string") and not matches(pattern, value):
        yield _error("no match")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], value: Any, _: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for pattern, schema in patterns.items():
            for name in value:
                if matches(pattern, name):
                    yield from validator.descend(value[name], schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, schema: Any, value: Any, parent: Mapping[str, Any]) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    known, patterns = parent.get("properties", {}), parent.get("patternProperties", {})
    more = [name for name in value if name not in known and not any(matches(one, name) for one in patterns)]
    if schema is False and more:
        yield _error("more properties")
    elif schema is not False:
        for name in more:
            yield from validator.descend(value[name], schema, path=name)


def _multiple_of(validator: Any, factor: Any, value: Any, _: Any) -> Iterator[Any]:
    """Checks `multipleOf` in decimal digits, so that 0.3 is a multiple of 0.1, and long numbers can be checked."""
    if validator.is_type(value, "number") and Fraction(str(value)) % Fraction(str(factor)):
        yield _error("not a multiple")


def _unique_items(validator: Any, is_wanted: Any, value: Any, _: Any) -> Iterator[Any]:
    """Takes time in proportion to the list's length. jsonschema compares all pairs in a list of objects."""
    if is_wanted and validator.is_type(value, "array") and len(set(map(_same, value))) < len(value):
        yield _error("an item is there twice")


def _same(value: Any) -> str:
    """A text that is equal for values that are equal in JSON Schema: 1 and 1.0, but not 1 and true."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(_whole, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value
