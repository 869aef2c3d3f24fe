"""Limits for each minute, which all processes count together."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from bot.models import Run, Throttle
from bot.runs import clock, throttle
from tests.factories import an_actor
from tests.web.site import Site, fields, words

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


def test_a_person_asks_for_sixty_runs_a_minute_on_the_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert throttle.RUNS == 60
    monkeypatch.setattr(throttle, "RUNS", 2)
    assert [site.press_run(site.form()).status_code for _ in range(2)] == [302, 302]
    form = site.form()
    page = site.refused(form, kwargs='{"days": 30}')
    assert "This request sent nothing: 2 runs a minute is the most" in words(page, "runtask-summary")
    assert (fields(page)["kwargs"], fields(page)["form"]) == ('{"days": 30}', form["form"])
    assert Run.objects.count() == len(site.sender.sent) == 2
    Throttle.objects.all().delete()
    assert site.press_run(fields(page)).status_code == 302


def test_checks_of_what_somebody_types_have_a_limit_of_their_own(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "CHECKS", 2)
    form = site.form()
    assert [site.browser.post("/check", form).status_code for _ in range(2)] == [200, 200]
    answer = site.browser.post("/check", form)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert site.press_run(form).status_code == 302


@pytest.mark.django_db
def test_the_primary_key_of_a_user_may_be_a_long_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "CHECKS", 1)
    users = [an_actor(user=key * 100) for key in "Aa"]
    assert [throttle.count_check(user) for user in users] == [0, 0]
    for row in Throttle.objects.all():
        row.full_clean(validate_unique=False)  # SQLite itself would take a longer name
