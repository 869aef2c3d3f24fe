"""Time limits for answers, and work that begins after an answer."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Queue
from typing import Any

import pytest
from slack_bolt import BoltResponse

from bot.runs import budget
from bot.runs.budget import ANSWER_LIMIT, TELLING, Budget, Threads, TooSlow, _Late, making_answer
from bot.slack.endpoint import _Response
from tests.broker.waiting import wait_until


def test_each_step_gets_the_time_that_is_left_and_never_less_than_zero() -> None:
    now = time.monotonic()
    assert 0 < Budget(started=now).left() <= ANSWER_LIMIT < 3
    assert Budget(started=now - 2.0).left() <= ANSWER_LIMIT - 2.0
    assert Budget(started=now - 60).left() == 0.0


def test_the_answer_and_the_sending_agree_on_what_the_person_reads() -> None:
    shut_first = Budget()
    assert (shut_first.shut(), shut_first.enter(), shut_first.leave()) == (True, False, True)
    told_maybe = Budget()
    assert (told_maybe.enter(), told_maybe.shut(), told_maybe.leave()) == (True, False, False)
    left_first = Budget()
    assert (left_first.enter(), left_first.leave(), left_first.shut()) == (True, True, True)


class _JustInTime(Future[Any]):
    """A future that finishes after the wait has ended, and before its result is read."""

    def result(self, timeout: float | None = None) -> Any:
        if timeout is not None:
            raise TimeoutError
        return super().result()


class _Pool(ThreadPoolExecutor):
    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        # In another thread, which has its own database connections.
        real: Future[Any] = super().submit(function, *args, **kwargs)
        future = _JustInTime()
        if (exc := real.exception(10)) is not None:
            future.set_exception(exc)
        else:
            future.set_result(real.result())
        return future


@pytest.fixture
def threads() -> Iterator[Threads]:
    with _Pool(1) as answers, ThreadPoolExecutor(1) as afterwards:
        yield Threads(answers, afterwards)


@pytest.fixture
def done() -> Queue[str]:
    return Queue()


def fail() -> None:
    raise LookupError


def test_the_result_of_work_that_ends_just_at_the_time_out_counts(threads: Threads) -> None:
    assert threads.within(Budget(0), lambda: "sent") == "sent"


def test_a_time_out_inside_the_work_is_an_error_of_the_work(threads: Threads) -> None:
    def work() -> None:
        raise TimeoutError("a socket's")

    with pytest.raises(TimeoutError, match="a socket's"):
        threads.within(Budget(0), work)


def test_work_begins_when_the_answer_has_been_sent(threads: Threads, done: Queue[str]) -> None:
    with making_answer() as answer:
        threads.after_answer(lambda: done.put("work"), late=fail)
    threads.afterwards.submit(done.put, "something else").result()
    answer.done()
    answer.done()
    assert [done.get(timeout=10), done.get(timeout=10)] == ["something else", "work"]
    threads.afterwards.submit(done.put, "the end").result()
    assert done.get(timeout=10) == "the end"


def test_work_begins_after_the_answers_to_other_people(
    threads: Threads, done: Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "YIELD", 10)
    with making_answer() as other:
        pass
    with making_answer() as answer:
        threads.after_answer(lambda: done.put("work"), late=fail)
    answer.done()
    with pytest.raises(Empty):
        done.get(timeout=0.2)
    other.done()
    assert done.get(timeout=5) == "work"


def test_work_does_not_wait_long_for_a_slow_answer(threads: Threads, done: Queue[str]) -> None:
    with making_answer() as other:
        threads.afterwards.submit(threads.after_answer, lambda: done.put("work"), late=fail).result()
        assert done.get(timeout=5) == "work"
    other.done()


def test_an_answer_that_failed_does_not_count_as_unsent(
    threads: Threads, done: Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "YIELD", 10)
    with pytest.raises(LookupError), making_answer():
        fail()
    threads.after_answer(lambda: done.put("work"), late=fail)
    assert done.get(timeout=5) == "work"


def test_work_begins_at_once_if_there_is_no_answer(threads: Threads, done: Queue[str]) -> None:
    threads.after_answer(lambda: done.put("work"), late=fail)
    assert done.get(timeout=10) == "work"


@pytest.mark.django_db  # Django touches the database when a response is closed
@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "replaced"])
def test_over_http_work_begins_when_the_response_is_closed_or_was_replaced_by_a_middleware(
    threads: Threads, done: Queue[str], is_closed: bool
) -> None:
    with making_answer() as answer:
        threads.after_answer(lambda: done.put("work"), late=fail)
    response = _Response(answer, BoltResponse(status=200, body=""))
    assert done.empty()
    if is_closed:
        response.close()
    else:
        del response  # nobody closes a response that was replaced
    assert done.get(timeout=10) == "work"


def test_a_failure_of_the_work_is_logged(threads: Threads, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        threads.after_answer(fail, late=fail)
        threads.afterwards.shutdown()
    assert "LookupError" in caplog.text


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Queue[str]:
    monkeypatch.setattr(budget, "CHECK_LATE", 0.01)
    monkeypatch.setattr(budget, "LATE", 0.1)
    return Queue()


@pytest.mark.parametrize("first", [fail, lambda: None], ids=["one fails", "all is well"])
def test_everybody_who_waits_too_long_is_told_once(
    told: Queue[str], first: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    late = _Late()
    with caplog.at_level(logging.ERROR):
        late.watch(first)
        for name in ("one", "other"):
            late.watch(lambda name=name: told.put(name))  # type: ignore[misc]
        assert {told.get(timeout=10), told.get(timeout=10)} == {"one", "other"}
        if first is fail:
            wait_until(lambda: "could not be told" in caplog.text)
    with pytest.raises(Empty):
        told.get(timeout=0.3)
    assert ("could not be told" in caplog.text) == (first is fail)


def test_a_person_is_told_in_time_even_while_slack_is_slow_to_take_the_message_to_another(told: Queue[str]) -> None:
    late, answers = _Late(), threading.Event()
    try:
        late.watch(lambda: answers.wait(20))
        late.watch(lambda: told.put("other"))
        assert told.get(timeout=10) == "other"
    finally:
        answers.set()


def test_people_whose_wait_is_over_are_not_told(told: Queue[str]) -> None:
    late = _Late()
    late.watch(lambda: told.put("in time")).is_over = True
    late.watch(lambda: told.put("late"))
    assert told.get(timeout=10) == "late"


def test_people_whose_wait_ends_while_others_are_told_are_not_told(told: Queue[str]) -> None:
    late, answers, begun = _Late(), threading.Event(), threading.Semaphore(0)

    def slow() -> None:
        begun.release()
        answers.wait(20)

    for _ in range(TELLING):
        late.watch(slow)
    behind = late.watch(lambda: told.put("behind"))
    for _ in range(TELLING):
        assert begun.acquire(timeout=10)
    late.watch(lambda: told.put("last"))
    behind.is_over = True
    answers.set()
    assert told.get(timeout=10) == "last"


def cant_start(_: threading.Thread) -> None:
    """Fails as `Thread.start` does where the number of threads is limited."""
    raise RuntimeError("can't start new thread")


def test_work_whose_thread_can_not_be_started_is_not_done_later(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, done, given = threading.Event(), list[str](), Budget()
    with ThreadPoolExecutor(2) as pool:
        pool.submit(busy.wait)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", cant_start)
            with pytest.raises(TooSlow):
                Threads(pool, pool).within(given, lambda: done.append("work"))
        busy.set()
    assert done == []
    assert given.shut(), "nothing was done"


def test_late_work_is_told_of_when_threads_can_be_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LATE", 0.0)
    monkeypatch.setattr(budget, "CHECK_LATE", 0.01)
    late, told = _Late(), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cant_start)
        with pytest.raises(RuntimeError):
            late.watch(lambda: None)
    late.watch(told.set)
    assert told.wait(10)
