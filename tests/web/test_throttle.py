"""Limits for each minute, which all processes count together."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from bot.models import Throttle
from bot.runs import clock
from bot.web import throttle

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses this machine's clock, because time_machine can't move the database's."""
    monkeypatch.setattr(clock, "now", timezone.now)


@pytest.mark.django_db
def test_each_minute_begins_with_its_first_use() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        assert [throttle.seconds_to_wait("a", 2) for _ in range(4)] == [0, 0, 60, 60]
        assert throttle.seconds_to_wait("b", 2) == 0, "each name has its own limit"
        clock.shift(39.5)
        assert throttle.seconds_to_wait("a", 2) == 21
        clock.shift(20.4)
        assert throttle.seconds_to_wait("a", 2) == 1
        clock.shift(0.2)
        assert [throttle.seconds_to_wait("a", 2) for _ in range(3)] == [0, 0, 60]
    assert Throttle.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("ahead", [timedelta(seconds=61), timedelta(days=1)])
def test_a_clock_that_was_wrong_locks_nobody_out(ahead: timedelta) -> None:
    Throttle.objects.create(name="a", since=timezone.now() + ahead, count=9)
    assert throttle.seconds_to_wait("a", 2) == 0


@pytest.mark.django_db
def test_a_refused_use_writes_nothing(django_assert_num_queries: object) -> None:
    throttle.seconds_to_wait("a", 1)
    before = Throttle.objects.values().get()
    assert throttle.seconds_to_wait("a", 1) > 0
    assert Throttle.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
def test_many_uses_at_once_do_not_exceed_the_limit() -> None:
    """The row doesn't exist yet, so the threads also compete to create it."""
    waits, begin = [], threading.Barrier(8)

    def ask() -> None:
        begin.wait(10)
        for _ in range(4):
            waits.append(throttle.seconds_to_wait("a", 10))  # noqa: PERF401  # as each one comes
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(waits), waits.count(0)) == (32, 10)
