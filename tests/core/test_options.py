"""The table of options agrees with beat, with Celery and with the rows of schedules."""

from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Task
from celery.app.task import extract_exec_options  # type: ignore[attr-defined]
from django_celery_beat.models import PeriodicTask

from bot.core.model import Target
from bot.core.options import COLUMNS, OPTIONS, of_row, stored
from bot.option_texts import label, options, stored_options

LATER = datetime(2026, 11, 5, 13, 0, tzinfo=UTC)


def test_every_column_of_the_table_is_a_column_of_beat() -> None:
    assert set(COLUMNS) <= {field.name for field in PeriodicTask._meta.get_fields()}


def test_celery_reads_every_option_of_the_table_from_a_task() -> None:
    assert {option.name for option in OPTIONS} <= set(extract_exec_options(Task))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"queue": "", "priority": 0}, {"queue": "", "priority": 0}, id="a blank and a zero are values"),
        pytest.param({"expires": None, "expire_seconds": 60}, {"expires": 60}, id="seconds"),
        pytest.param({"expires": LATER, "expire_seconds": 60}, {"expires": LATER}, id="a date is preferred to seconds"),
        pytest.param({"expire_seconds": 0}, {}, id="beat ignores 0 seconds"),
    ],
)
def test_options_are_read_from_a_row(row: dict[str, Any], expected: dict[str, Any]) -> None:
    assert of_row(row) == expected


def test_each_option_is_shown_by_its_label() -> None:
    values = {option.name: 60 for option in OPTIONS}
    shown = dict(options(Target(options=values)))
    assert list(shown) == [label(option) for option in OPTIONS]
    assert (shown["priority"], shown["expires"], shown["time limit"]) == ("60", "after 60 s", "60 s")


def test_a_stored_target_is_shown_in_the_order_of_the_table() -> None:
    target = Target(options={"queue": "q", "priority": 3, "expires": LATER, "time_limit": 5}, headers='{"a": 1}')
    kept = {"headers": target.headers, **dict(reversed(stored(target.options).items()))}  # PostgreSQL sorts keys
    assert list(stored_options(kept)) == [
        ("queue", "q"),
        ("priority", "3"),
        ("expires", LATER.isoformat()),
        ("time limit", "5 s"),
        ("headers", '{"a": 1}'),
    ]


def test_a_target_that_version_0_1_0_stored_is_readable() -> None:
    assert list(stored_options([["queue", "q"], ["expires", "after 60 s"]])) == [
        ("queue", "q"),
        ("expires", "after 60 s"),
    ]
