"""Replaces those keywords of jsonschema that fail, or take minutes, for some values."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

SECONDS = 0.1  # CPU seconds, for all expressions of one check
LONGEST = 100_000  # characters, as `_written_out` counts them: regex takes 300 bytes for each
# An escape, a set of characters, or the dollar sign that means the end.
END = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\$", re.DOTALL)
REPEATED = re.compile(r"(?P<group>\)?)\{0*(?P<times>\d{1,9})")
_left: ContextVar[float | None] = ContextVar("seconds that are left for expressions; None: no limit", default=None)


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
    return extend(theirs, ours)  # type: ignore[no-untyped-call]


@contextmanager
def in_time() -> Iterator[None]:
    """Inside, `matches` raises TimeoutError when all expressions together have taken SECONDS."""
    token = _left.set(SECONDS)
    try:
        yield
    finally:
        _left.reset(token)


def matches(pattern: str, text: str) -> bool:
    """Whether the expression matches anywhere in the text. Raises TimeoutError or BadExpression."""
    left, began = _left.get(), time.thread_time()
    if left is not None and left <= 0:
        raise TimeoutError
    try:
        # `concurrent`: other threads run meanwhile.
        return compiled(pattern).search(text, timeout=left, concurrent=True) is not None
    finally:
        if left is not None:
            _left.set(left - (time.thread_time() - began))


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
