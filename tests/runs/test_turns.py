"""Threads of one process that write to SQLite wait for each other. Otherwise, SQLite would try again and again."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from django.db import connection, connections

from bot import models
from bot.models import Run, atomic
from tests.factories import a_run
from tests.runs.conftest import Door

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases have many writers"),
]


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(connections.close_all).result()


def write_without_patience() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")  # SQLite refuses at once where it would have to wait
    with atomic():
        Run.objects.update(status="theirs")


def test_a_second_writer_waits_for_its_turn(other: ThreadPoolExecutor) -> None:
    a_run()
    with atomic():
        Run.objects.update(status="ours")
        theirs: Future[None] = other.submit(write_without_patience)
        wait([theirs], timeout=0.3)
        assert not theirs.done()
        with atomic():  # the transaction has the turn already
            Run.objects.update(status="ours again")
    theirs.result(10)
    assert Run.objects.get().status == "theirs"


def test_the_start_of_a_run_waits_for_its_turn_too(other: ThreadPoolExecutor, door: Door) -> None:
    def start() -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
        door.start()

    with atomic():
        a_run(key="another")
        theirs: Future[None] = other.submit(start)
        wait([theirs], timeout=0.3)
        assert not theirs.done()
    theirs.result(10)
    assert Run.objects.count() == 2


def test_a_thread_waits_for_its_turn_no_longer_than_sqlite_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    monkeypatch.setattr(models, "_writing", turn := threading.Lock())
    with turn:
        with atomic():
            a_run()
        assert turn.locked(), "the turn belongs to the other thread"
    assert Run.objects.exists()
