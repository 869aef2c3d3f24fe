"""Questions to a result backend. If the backend hangs, each caller waits only for its own limit."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from bot.broker.outcomes.backend import BackendOutcomes
from bot.broker.outcomes.line import AT_ONCE, Line
from bot.core.model import TaskId
from bot.core.pauses import WorkLimit
from bot.core.ports import SourceSilent
from tests.broker.outcomes.test_backend import an_app, only, store
from tests.broker.waiting import wait_until

pytestmark = pytest.mark.django_db


class Hanging:
    """A reader that waits until `released` is set."""

    def __init__(self) -> None:
        self.asked, self.released = threading.Semaphore(0), threading.Event()

    def read(self, tasks: list[str]) -> list[Any]:
        self.asked.release()
        self.released.wait(20)
        return []


def test_a_backend_that_hangs_blocks_no_caller_and_keeps_a_bounded_number_of_threads() -> None:
    reader = Hanging()
    line = Line(an_app("redis://127.0.0.1:1"), WorkLimit(), _reader=reader)
    try:
        for _ in range(AT_ONCE + 2):
            line._silent_until = 0.0
            with pytest.raises(SourceSilent, match="TimeoutError"):
                line.ask(lambda one: one.read(["t"]), 0.01)
        assert sum(reader.asked.acquire(blocking=False) for _ in range(AT_ONCE + 2)) == AT_ONCE
        with pytest.raises(SourceSilent):
            line.ask(lambda one: one.read(["t"]), 60)  # fails at once, because it isn't asked again yet
    finally:
        reader.released.set()


def test_a_backend_that_is_only_busy_may_be_asked_again_at_once() -> None:
    reader = Hanging()
    line = Line(an_app("redis://127.0.0.1:1"), WorkLimit(), _reader=reader)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(AT_ONCE):
            pool.submit(line.ask, lambda one: one.read(["t"]), 20)
        for _ in range(AT_ONCE):
            assert reader.asked.acquire(timeout=20)
        with pytest.raises(SourceSilent):
            line.ask(lambda one: one.read(["t"]), 0.01)
        reader.released.set()
    assert line.ask(lambda one: one.read(["t"]), 20) == []


def test_many_questions_at_the_same_moment_are_no_silence() -> None:
    reader = Hanging()
    line = Line(an_app("redis://127.0.0.1:1"), WorkLimit(), _reader=reader)

    def ask(_: int) -> list[Any]:
        return line.ask(lambda one: list(one.read(["t"])), 20)

    with ThreadPoolExecutor(AT_ONCE + 2) as pool:
        answers = pool.map(ask, range(AT_ONCE + 2))
        for _ in range(AT_ONCE):
            assert reader.asked.acquire(timeout=20)
        assert not reader.asked.acquire(blocking=False)  # the others wait
        reader.released.set()
        assert list(answers) == [[]] * (AT_ONCE + 2)


def test_questions_whose_threads_can_not_be_started_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def cant_start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    line = Line(an_app("redis://127.0.0.1:1"), WorkLimit(), _reader=Hanging())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cant_start)
        for _ in range(AT_ONCE + 1):
            line._silent_until = 0.0
            with pytest.raises(SourceSilent, match="RuntimeError"):
                line.ask(lambda _: "fine", 60)
    line._silent_until = 0.0
    assert line.ask(lambda _: "fine", 60) == "fine"


@pytest.mark.django_db(transaction=True)
def test_a_question_leaves_no_connection_to_the_database() -> None:
    """Celery's backend for Django's cache may keep results in a table."""
    used = list[Any]()

    def question(_: Any) -> None:
        used.append(connections["default"])
        used[0].ensure_connection()

    Line(an_app("redis://127.0.0.1:1"), WorkLimit(), _reader=Hanging()).ask(question, 60)
    wait_until(lambda: used[0].connection is None)


def test_a_forked_process_has_its_own_connection_to_the_backend(tmp_path: Path) -> None:
    app = an_app(f"db+sqlite:///{tmp_path}/results.sqlite3")
    store(app, "t", "SUCCESS")
    only(app, "t")
    if (child := os.fork()) == 0:
        found = BackendOutcomes(app).of(TaskId("t"))
        os._exit(0 if [one.status for one in found] == ["SUCCESS"] else 1)
    assert os.waitpid(child, 0)[1] == 0
