"""Where a message goes, and its options, in words that all front ends share."""

from collections.abc import Iterator
from datetime import datetime

from bot.core.model import Target
from bot.core.options import Option, ValueKind, named


def label(option: Option) -> str:
    return option.name.replace("_", " ")


def options(target: Target) -> list[tuple[str, str | datetime]]:
    """Pairs of label and value. A datetime stays one, so that a front end can show it in the reader's time zone."""
    found = [(label(option), _in_words(option, value)) for option, value in named(target.options)]
    return [*found, ("headers", target.headers)] if target.headers else found


def stored_options(stored: dict[str, object] | list[list[str]]) -> Iterator[tuple[str, str]]:
    """Pairs of label and value for the target in a run's row. Rows of version 0.1.0 and older store a list of such pairs."""
    if isinstance(stored, list):
        yield from ((name, value) for name, value in stored)
        return
    yield from ((label(option), str(_in_words(option, value))) for option, value in named(stored))
    if headers := stored.get("headers"):
        yield "headers", str(headers)


def _in_words(option: Option, value: object) -> str | datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, (int, float)) and option.kind is not ValueKind.PLAIN:
        return f"after {value:g} s" if option.kind is ValueKind.EXPIRY else f"{value:g} s"
    return str(value)
