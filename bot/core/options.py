"""A table of the options of a task's message: beat's columns, Celery's names, and how people see them.

To add an option that beat sends, add a line here. Its label is its name with blanks (`bot.option_texts.label`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto
from typing import Any


class ValueKind(StrEnum):
    """How people see a value."""

    PLAIN = auto()
    SECONDS = auto()
    EXPIRY = auto()  # a time, or seconds after sending


@dataclass(frozen=True, slots=True)
class Option:
    """One option of Celery's `apply_async`."""

    name: str
    # Columns of PeriodicTask; the first that is set counts. Empty: only a task's definition has this option.
    columns: tuple[str, ...]
    kind: ValueKind = ValueKind.PLAIN
    is_routed: bool = False  # routers see this option, and may set it if the row doesn't (celery/app/routes.py)


# First the options that beat reads from a row (django_celery_beat/schedulers.py, ModelEntry.__init__), then the options that
# only a task's definition has (celery/app/task.py, extract_exec_options).
OPTIONS = (
    Option("queue", ("queue",), is_routed=True),
    Option("exchange", ("exchange",), is_routed=True),
    Option("routing_key", ("routing_key",), is_routed=True),
    Option("priority", ("priority",), is_routed=True),
    Option("expires", ("expires", "expire_seconds"), ValueKind.EXPIRY),
    Option("time_limit", (), ValueKind.SECONDS),
    Option("soft_time_limit", (), ValueKind.SECONDS),
)
REQUESTER_HEADER = "runtask_requester"
COLUMNS = tuple(column for option in OPTIONS for column in option.columns)
ROUTED = tuple(option.name for option in OPTIONS if option.is_routed)


def of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a row sets, by name, from its columns. Beat ignores an `expires` of 0 seconds."""
    return {option.name: value for option in OPTIONS if (value := _value(option, row)) is not None}


def _value(option: Option, row: Mapping[str, Any]) -> Any:
    values = (row.get(column) for column in option.columns)
    return next(
        (value for value in values if value is not None and (value or option.kind is not ValueKind.EXPIRY)), None
    )


def named(values: Mapping[str, Any]) -> Iterator[tuple[Option, Any]]:
    """The options among `values`, in the table's order."""
    return ((option, values[option.name]) for option in OPTIONS if option.name in values)


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options as JSON values, for a run's row."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
