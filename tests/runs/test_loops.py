"""The loops of a process: what they do, what wakes them, and that they survive errors."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import timezone

from bot.core.model import NoticeKind, TaskId
from bot.core.secrets import WORDS
from bot.models import Notice, Run
from bot.runs import outbox
from bot.runs.loops import BUSY, IDLE, Bell, Loop, Watcher, delivery_step
from tests.factories import NOW, a_run, an_outcome
from tests.fakes import FakeOutcomes
from tests.runs.post import Post


def test_an_error_that_lasts_is_logged_once_and_so_is_its_end(
    steps: threading.Semaphore, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception | None] = [OSError("down"), OSError("down"), OSError("denied"), None, None, OSError("down")]

    def step() -> float:
        steps.release()
        if (error := errors.pop(0) if errors else None) is not None:
            raise error
        return 3600.0

    caplog.set_level("INFO", "bot.runs.loops")
    loop, count = Loop("test", step), len(errors)
    loop.start()
    for _ in range(count):
        assert steps.acquire(timeout=10)
        loop.wake()
    assert steps.acquire(timeout=10)
    loop.stop(10)
    told = [(record.getMessage(), str(record.exc_info[1]) if record.exc_info else "") for record in caplog.records]
    failed, works = "test: this step failed", ("test: works again", "")
    assert told == [(failed, "down"), (failed, "denied"), works, (failed, "down"), works]


@pytest.fixture
def rings() -> list[str]:
    return []


@pytest.fixture
def steps() -> threading.Semaphore:
    """A loop releases it once for each step."""
    return threading.Semaphore(0)


def test_a_loop_takes_a_step_when_it_is_woken_and_stops_when_it_is_told_to(steps: threading.Semaphore) -> None:
    def step() -> float:
        steps.release()
        return 3600.0

    loop, bell = Loop("test", step), Bell()
    bell.wakes(loop)
    loop.start()
    assert steps.acquire(timeout=10)
    bell.ring()
    assert steps.acquire(timeout=10)
    loop.stop(10)
    assert loop._thread is not None
    assert not loop._thread.is_alive()
    bell.ring()
    assert not steps.acquire(blocking=False)


def test_addresses_begin_with_the_sites_own_prefix_in_a_loop_too(steps: threading.Semaphore) -> None:
    """`django.setup` sets FORCE_SCRIPT_NAME in the main thread."""
    found: list[str] = []

    def step() -> float:
        found.append(reverse("runtask:status", args=[7]))
        steps.release()
        return 3600.0

    before, loop = get_script_prefix(), Loop("test", step)
    set_script_prefix("/shop/")
    try:
        loop.start()
    finally:
        set_script_prefix(before)
    assert steps.acquire(timeout=10)
    loop.stop(10)
    assert found == ["/shop/runs/7/"]


@pytest.mark.django_db(transaction=True)
def test_a_loop_keeps_its_database_connection(steps: threading.Semaphore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default, Django closes connections after each request (CONN_MAX_AGE). A loop takes several steps a second."""
    used: list[Any] = []

    def step() -> float:
        connection.ensure_connection()
        used.append(connection.connection)
        steps.release()
        return 0.0

    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    loop = Loop("test", step)
    loop.start()
    for _ in range(3):
        assert steps.acquire(timeout=10)
    loop.stop(10)
    assert used[0] is used[1] is used[2]


def test_a_loop_leaves_djangos_own_pool_as_it_is(steps: threading.Semaphore, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a pool, Django raises an error for any CONN_MAX_AGE but 0."""
    ages: list[int] = []

    def step() -> float:
        ages.append(connection.settings_dict["CONN_MAX_AGE"])
        steps.release()
        return 3600.0

    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"pool": True})
    loop = Loop("test", step)
    loop.start()
    assert steps.acquire(timeout=10)
    loop.stop(10)
    assert ages == [0]


def test_a_loop_survives_an_error(steps: threading.Semaphore, caplog: pytest.LogCaptureFixture) -> None:
    def step() -> float:
        steps.release()
        raise ZeroDivisionError

    loop = Loop("test", step)
    loop.start()
    assert steps.acquire(timeout=10)
    loop.wake()
    assert steps.acquire(timeout=10)
    loop.stop(10)
    assert "this step failed" in caplog.text


@pytest.mark.django_db
def test_the_watcher_records_outcomes_and_wakes_the_deliverer(rings: list[str]) -> None:
    run = a_run(deadline_at=timezone.now() + timedelta(hours=1))
    outcomes = FakeOutcomes()
    watcher = Watcher(outcomes, deadline=1800, wake=lambda: rings.append("ring"), secret_keys=WORDS)
    assert (watcher.step(), rings) == (BUSY, [])
    outcomes.news = [an_outcome("STARTED", task_id=TaskId(run.task_id))]
    assert (watcher.step(), rings) == (BUSY, ["ring"])
    outcomes.news = [an_outcome("SUCCESS", task_id=TaskId(run.task_id), at=NOW + timedelta(seconds=5))]
    assert (watcher.step(), rings) == (IDLE, ["ring", "ring"])
    assert Run.objects.get().state == "finished"


@pytest.mark.django_db
def test_the_watcher_reports_a_passed_deadline_and_then_looks_less_often(rings: list[str]) -> None:
    a_run(deadline_at=timezone.now() - timedelta(seconds=1))
    watcher = Watcher(FakeOutcomes(), deadline=1800, wake=lambda: rings.append("ring"), secret_keys=WORDS)
    assert (watcher.step(), rings) == (IDLE, ["ring"])
    assert Notice.objects.filter(kind="deadline").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_deliverer_looks_again_sooner_while_notices_are_due_or_waiting(post: Post) -> None:
    outbox.owe(a_run(), NoticeKind.ROOT, now=NOW)
    assert delivery_step(post.deliverer) == 0.0
    post.wait()
    assert delivery_step(post.deliverer) == IDLE
    outbox.owe(a_run(), NoticeKind.ROOT, now=NOW + timedelta(minutes=1))
    assert delivery_step(post.deliverer) == BUSY
