"""The loops of a process: what they look at, what wakes them, and that an error is survived."""

import threading
from datetime import timedelta

import pytest
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import timezone

from bot.core.model import NoticeKind, TaskId
from bot.models import Notice, Run
from bot.runs import outbox
from bot.runs.loops import BUSY, IDLE, Bell, Loop, Watcher, delivery_step
from tests.factories import NOW, a_run, an_outcome
from tests.fakes import FakeOutcomes
from tests.runs.post import Post


@pytest.fixture
def rings() -> list[str]:
    return []


@pytest.fixture
def looks() -> threading.Semaphore:
    """One for each look of a loop."""
    return threading.Semaphore(0)


def test_a_loop_looks_again_when_it_is_woken_and_stops_when_told(looks: threading.Semaphore) -> None:
    def step() -> float:
        looks.release()
        return 3600.0

    loop, bell = Loop("test", step), Bell()
    bell.wakes(loop)
    loop.start()
    assert looks.acquire(timeout=10)
    bell.ring()
    assert looks.acquire(timeout=10)
    loop.stop(10)
    assert loop._thread is not None
    assert not loop._thread.is_alive()
    bell.ring()
    assert not looks.acquire(blocking=False)


def test_addresses_begin_with_the_sites_own_prefix_in_a_loop_too(looks: threading.Semaphore) -> None:
    """`django.setup` sets FORCE_SCRIPT_NAME in the main thread."""
    found: list[str] = []

    def step() -> float:
        found.append(reverse("runtask:status", args=[7]))
        looks.release()
        return 3600.0

    before, loop = get_script_prefix(), Loop("test", step)
    set_script_prefix("/shop/")
    try:
        loop.start()
    finally:
        set_script_prefix(before)
    assert looks.acquire(timeout=10)
    loop.stop(10)
    assert found == ["/shop/runs/7/"]


def test_a_loop_survives_an_error(looks: threading.Semaphore, caplog: pytest.LogCaptureFixture) -> None:
    def step() -> float:
        looks.release()
        raise ZeroDivisionError

    loop = Loop("test", step)
    loop.start()
    assert looks.acquire(timeout=10)
    loop.wake()
    assert looks.acquire(timeout=10)
    loop.stop(10)
    assert "this step failed" in caplog.text


@pytest.mark.django_db
def test_the_watcher_records_what_is_new_and_tells_the_deliverer(rings: list[str]) -> None:
    run = a_run(deadline_at=timezone.now() + timedelta(hours=1))
    outcomes = FakeOutcomes()
    watcher = Watcher(outcomes, deadline=1800, wake=lambda: rings.append("ring"))
    assert (watcher.step(), rings) == (BUSY, [])
    outcomes.news = [an_outcome("STARTED", task_id=TaskId(run.task_id))]
    assert (watcher.step(), rings) == (BUSY, ["ring"])
    outcomes.news = [an_outcome("SUCCESS", task_id=TaskId(run.task_id), at=NOW + timedelta(seconds=5))]
    assert (watcher.step(), rings) == (IDLE, ["ring", "ring"])
    assert Run.objects.get().state == "finished"


@pytest.mark.django_db
def test_the_watcher_tells_of_silence_and_then_looks_more_rarely(rings: list[str]) -> None:
    a_run(deadline_at=timezone.now() - timedelta(seconds=1))
    watcher = Watcher(FakeOutcomes(), deadline=1800, wake=lambda: rings.append("ring"))
    assert (watcher.step(), rings) == (IDLE, ["ring"])
    assert Notice.objects.filter(kind="deadline").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_deliverer_looks_at_once_while_there_is_more_and_rarely_when_all_is_said(post: Post) -> None:
    outbox.owe(a_run(), NoticeKind.ROOT, now=NOW)
    assert delivery_step(post.deliverer) == 0.0
    post.wait()
    assert delivery_step(post.deliverer) == IDLE
    outbox.owe(a_run(), NoticeKind.ROOT, now=NOW + timedelta(minutes=1))
    assert delivery_step(post.deliverer) == BUSY
