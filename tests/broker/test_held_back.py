"""What is said of a task whose own `apply_async` may not have sent it."""

import contextlib
from collections.abc import Callable
from functools import partial
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery, Task
from kombu import Producer
from kombu.exceptions import OperationalError

from bot.broker import send
from bot.core.model import RunId
from bot.core.ports import FateUnknown, NotSent
from tests.broker.sending import a_prepared, an_app, taken
from tests.factories import a_schedule


@pytest.fixture
def app() -> Celery:
    return an_app()


@pytest.mark.parametrize(
    ("other", "words"),
    [("0f4c", "held_back_by: 0f4c"), (None, "held_back$")],
    ids=["celery-singleton", "celery-once"],
)
def test_a_call_that_the_task_itself_holds_back_counts_as_not_sent(app: Celery, other: str | None, words: str) -> None:
    class Once(Task):
        def apply_async(self, *_: Any, **__: Any) -> Any:
            return SimpleNamespace(id=other)

    @app.task(name="reports.tasks.nightly", shared=False, base=Once)
    def nightly(number, days): ...

    sender, what = a_prepared(app, a_schedule())
    with pytest.raises(NotSent, match=words):
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)


def send_silently(app: Celery, own_code: Callable[[Any, Any, Any], Any]) -> None:
    """Sends a task whose `apply_async` leaves the call to `own_code`, and returns None whatever that does."""

    class Silent(Task):
        def apply_async(self, *call: Any, **options: Any) -> Any:
            own_code(super().apply_async, call, options)

    @app.task(name="reports.tasks.nightly", shared=False, base=Silent)
    def nightly(number, days): ...

    sender, what = a_prepared(app, a_schedule())
    sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)


def test_a_task_that_returns_nothing_and_publishes_nothing_was_not_sent(app: Celery) -> None:
    """Its code may begin with `if not cache.add(lock): return`."""
    with pytest.raises(NotSent, match=r"held_back$"):
        send_silently(app, lambda *_: None)


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("producer", ["ours", "another", "another thread's"])
def test_a_task_that_returns_nothing_was_sent_if_its_code_has_published_it(
    app: Celery, producer: str, protocol: int
) -> None:
    app.conf.task_protocol = protocol

    def publish(apply_async: Any, call: Any, options: Any) -> None:
        if producer != "ours":
            del options["producer"]
        if producer == "another thread's":
            thread = Thread(target=apply_async, args=call, kwargs=options)
            thread.start()
            thread.join()
        else:
            apply_async(*call, **options)

    send_silently(app, publish)
    assert len(taken(app)) == 1


def test_a_task_was_sent_if_its_code_fails_after_it_has_published_over_another_producer(app: Celery) -> None:
    def publish(apply_async: Any, call: Any, options: Any) -> None:
        apply_async(*call, **{**options, "producer": None})
        raise RuntimeError

    send_silently(app, publish)
    assert len(taken(app)) == 1


@pytest.mark.parametrize("is_ours", [True, False])
def test_if_a_tasks_code_hides_that_publishing_failed_its_fate_is_unknown(
    app: Celery, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionResetError

    def publish(apply_async: Any, call: Any, options: Any) -> None:
        monkeypatch.setattr(Producer, "publish", fail)
        with contextlib.suppress(ConnectionResetError):
            apply_async(*call, **(options if is_ours else {**options, "producer": None}))

    with pytest.raises(FateUnknown):
        send_silently(app, publish)


@pytest.mark.parametrize("own_error", [None, TypeError], ids=["as it is", "as an error of its own"])
@pytest.mark.parametrize("is_ours", [True, False])
def test_if_publishing_fails_after_it_has_begun_the_fate_is_unknown_whatever_the_code_raises(
    app: Celery, is_ours: bool, own_error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "SURE", frozenset())  # over a network, a message may arrive although its answer is lost

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError

    def publish(apply_async: Any, call: Any, options: Any) -> None:
        monkeypatch.setattr(Producer, "publish", fail)
        try:
            apply_async(*call, **(options if is_ours else {**options, "producer": None}))
        except OperationalError:
            if own_error is not None:
                raise own_error  # noqa: B904  # as in careless code
            raise

    with pytest.raises(FateUnknown):
        send_silently(app, publish)


def test_another_message_over_our_producer_does_not_count_as_the_task(app: Celery) -> None:
    with pytest.raises(FateUnknown):  # it may be the task, with another id
        send_silently(app, lambda _, __, options: app.send_task("audit", producer=options["producer"]))
    assert len(taken(app)) == 1


@pytest.mark.parametrize("answer", [False, {}, True])
def test_an_answer_without_an_id_does_not_say_that_the_task_was_sent(app: Celery, answer: object) -> None:
    class Locked(Task):
        def apply_async(self, *_: Any, **__: Any) -> Any:
            return answer

    @app.task(name="reports.tasks.nightly", shared=False, base=Locked)
    def nightly(number, days): ...

    sender, what = a_prepared(app, a_schedule())
    with pytest.raises(NotSent, match=r"held_back$"):
        sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)


def test_a_task_whose_code_sends_it_with_another_id_was_sent(app: Celery) -> None:
    class Own(Task):
        def apply_async(self, *call: Any, **options: Any) -> Any:
            return super().apply_async(*call, **{**options, "task_id": "its-own"})

    @app.task(name="reports.tasks.nightly", shared=False, base=Own)
    def nightly(number, days): ...

    sender, what = a_prepared(app, a_schedule())
    sender.send(what, run=RunId(5), within=1.0, enter=lambda: True)
    assert len(taken(app)) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_reported_as_not_sent_is_not_published_later(app: Celery, fails: bool) -> None:
    kept: list[Callable[[], Any]] = []

    def keep(apply_async: Any, call: Any, options: Any) -> None:
        kept.append(partial(apply_async, *call, **options))
        if fails:
            raise LookupError

    with pytest.raises(NotSent):
        send_silently(app, keep)
    with pytest.raises(RuntimeError, match="too late"):
        kept[0]()
    assert taken(app) == []
