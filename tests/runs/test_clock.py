"""Dates that processes compare are by the database's clock, however wrong the clock of their machine is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from bot.core.status import RunState
from bot.models import Installation, Run
from bot.runs import clock, loops
from bot.runs.cleanup import Keep
from tests.factories import INSTALLATION, a_run

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_reading", None)


@pytest.fixture
def ahead() -> Iterator[timedelta]:
    """Sets Python's clock 91 days ahead. SQLite asks the system, so that it has the right time, like a server."""
    with time_machine.travel(datetime.now(UTC) + 91 * DAY):
        yield 91 * DAY


def is_near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=5)


def test_the_clock_is_in_utc() -> None:
    assert is_near(clock.now(), datetime.now(UTC))


def test_a_machine_whose_clock_is_ahead_uses_the_time_of_the_database(ahead: timedelta) -> None:
    assert is_near(clock.now(), datetime.now(UTC) - ahead)
    assert is_near(clock.last(), datetime.now(UTC) - ahead)
    assert abs(clock.ahead() - ahead) < timedelta(seconds=5)


def test_a_clock_that_is_set_during_work_is_noticed() -> None:
    before = clock.now()
    with time_machine.travel(datetime.now(UTC) + DAY):
        assert is_near(clock.now(), before)


def test_without_an_answer_of_the_database_the_machines_clock_counts(ahead: timedelta) -> None:
    assert is_near(clock.last(), timezone.now())


def test_without_time_zones_the_time_is_as_django_stores_it(settings: Any) -> None:
    settings.USE_TZ, settings.TIME_ZONE = False, "Asia/Tokyo"
    assert is_near(clock.now(), datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=9))


def test_a_clean_up_by_a_machine_that_is_ahead_deletes_nothing(ahead: timedelta) -> None:
    run = a_run(state=RunState.FINISHED, deadline_at=datetime.now(UTC) - ahead, created_at=datetime.now(UTC) - ahead)
    Installation.objects.create(key=INSTALLATION, seen_at=run.created_at)
    loops.cleanup_step(Keep(runs=90 * DAY, values=DAY, records=730 * DAY), INSTALLATION)
    assert Run.objects.exists()
