"""Which queues live workers listen on, as far as that is known."""

import os
import pickle
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Producer
from kombu.pidbox import Mailbox

from bot.broker.workers import ASK_AGAIN, STALE, LiveQueues, ask
from bot.core.model import Listening
from tests.broker.waiting import wait_until
from tests.faults.proxy import Proxy
from tests.support.worker import working

pytestmark = pytest.mark.slow


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Asked:
    """The queues of an app's workers, with a clock that only the test moves."""

    app: Celery
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.queues = LiveQueues(self.app, self.clock)

    def listen(self, queue: str | None) -> Listening:
        return self.queues.listening(queue)

    def answered(self) -> None:
        """Waits until the thread that asks the workers has ended."""
        assert self.queues._asking is not None
        self.queues._asking.join(20)
        assert not self.queues._asking.is_alive()

    def heard(self, queue: str) -> None:
        """Asks until a worker on this queue has answered. On a busy machine, an answer may come too late."""
        wait_until(lambda: self.asked_again(queue) is Listening.YES)

    def asked_again(self, queue: str) -> Listening:
        self.clock.now += ASK_AGAIN + 1
        self.listen(queue)
        self.answered()
        return self.listen(queue)


def in_memory(name: str) -> Celery:
    app = Celery(name, backend="cache+memory://", set_as_current=False)
    # By default, both sides look once a second, so an answer could miss the second in which it is awaited.
    app.conf.broker_transport_options = {"polling_interval": 0.01}
    return app


@pytest.fixture
def here() -> Iterator[Asked]:
    """A broker with one worker, which reads from the queue `celery`."""
    app = in_memory("workers")
    with working(app):
        yield Asked(app)


def test_no_queue_is_known_before_the_first_answer(here: Asked) -> None:
    assert here.listen("celery") is Listening.UNKNOWN
    here.heard("celery")
    assert here.listen("elsewhere") is Listening.NO
    assert here.listen(None) is Listening.UNKNOWN, "no queue is named, so the answer says nothing about it"


def test_if_no_thread_can_be_started_the_queues_stay_unknown_and_workers_are_asked_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cant_start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    asked = Asked(in_memory("no threads"))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cant_start)
        assert asked.listen("celery") is Listening.UNKNOWN
    assert asked.asked_again("celery") is Listening.SILENT


def test_an_old_answer_is_ignored(here: Asked) -> None:
    here.heard("celery")
    here.clock.now += STALE + 1
    assert here.listen("celery") is Listening.UNKNOWN
    here.heard("celery")


def test_without_an_answer_nobody_knows_whether_there_is_a_worker() -> None:
    """A busy solo worker doesn't answer either."""
    nobody = Asked(in_memory("nobody"))
    nobody.listen("celery")
    nobody.answered()
    assert nobody.listen("celery") is Listening.SILENT


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_silent_broker_blocks_only_one_thread_and_only_for_a_while(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy("127.0.0.1", 9) as silent:
        silent.hold()
        # Celery takes the address from the environment before any other.
        monkeypatch.setenv("CELERY_BROKER_URL", f"{scheme}://127.0.0.1:{silent.port}//")
        asked = Asked(Celery("silent", set_as_current=False))
        before = threading.active_count()
        for _ in range(5):
            assert asked.listen("celery") is Listening.UNKNOWN
            asked.clock.now += ASK_AGAIN + 1
        assert threading.active_count() <= before + 1
        asked.answered()
        assert asked.listen("celery") is Listening.UNKNOWN, "the broker is asked again"
        asked.answered()


def test_a_request_to_workers_that_can_not_be_published_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default, kombu would repeat it until the broker is back."""
    app = in_memory("cut off")
    lost = app.connection_for_write().connection_errors[0]
    tries: list[None] = []

    def fail(*_: Any, **__: Any) -> None:
        tries.append(None)
        raise lost if len(tries) == 1 else AssertionError

    monkeypatch.setattr(Producer, "_publish", fail)
    with pytest.raises(lost):
        ask(app, "active_queues")


class Evil:
    """Makes a folder when Python unpickles it."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


def put(connection: Any, body: bytes, content_type: str, target: dict[str, str], ticket: str) -> None:
    """Publishes a raw answer, as anybody may who can publish to the broker."""
    producer = Producer(connection.default_channel, auto_declare=False)
    producer.publish(
        body,
        exchange=target["exchange"],
        routing_key=target["routing_key"],
        headers={"ticket": ticket, "clock": 50},
        content_type=content_type,
        content_encoding="binary",
    )


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/x-python-serialize", pickle.dumps({"w1": Evil()})),
        ("application/x-python-serialize", b"no pickle"),
        ("application/json", b"{"),
        ("application/json", b"7"),
        ("application/x-nobody-knows-it", b"x"),
    ],
    ids=["a pickle with code", "a bad pickle", "bad JSON", "a number", "an unknown format"],
)
def test_a_forged_answer_runs_no_code_and_hides_no_other(
    content_type: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = in_memory("forged")
    app.conf.accept_content = ["json", "pickle"]
    publish = Mailbox._publish

    def answered(self: Any, *args: Any, **options: Any) -> None:
        publish(self, *args, **options)
        reply_ticket = options["reply_ticket"]
        target = {"exchange": self.reply_exchange.name, "routing_key": self.oid}
        put(self.connection, content, content_type, target, reply_ticket)
        put(self.connection, b'{"w2": []}', "application/json", target, reply_ticket)

    monkeypatch.setattr(Mailbox, "_publish", answered)
    found = ask(app, "active_queues")
    assert found is not None
    assert found["w2"] == []
    assert not Path("evil").exists()


def test_workers_that_send_pickles_are_heard() -> None:
    """Workers answer in the format of their tasks."""
    app = in_memory("pickles")
    app.conf.update(task_serializer="pickle", accept_content=["pickle"])
    with working(app):
        Asked(app).heard("celery")
