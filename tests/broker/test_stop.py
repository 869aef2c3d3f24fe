"""Stopping tasks on the embedded broker, and which brokers have remote control."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from kombu import Exchange, Queue
from kombu.transport import memory, virtual

from bot.broker import embedded
from bot.broker.spool import Spool
from bot.broker.stop import RemoteControl
from bot.core.model import TaskId
from bot.core.ports import NotTold
from bot.core.reasons import Code
from bot.core.stops import Way


class WithoutFanout(memory.Transport):
    """A transport like SQS, which has queues but no fanout."""

    implements = virtual.Transport.implements.extend(exchange_type=frozenset({"direct"}))


@pytest.fixture(autouse=True)
def no_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Celery]:
    with Celery("embedded", set_as_current=False) as app:
        app.conf.update(embedded.configure(tmp_path / "broker"))
        yield app


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "broker")


def sent(app: Celery, **options: object) -> TaskId:
    return TaskId(app.send_task("tests.any", [7], **options).id)  # type: ignore[arg-type]


def test_a_message_that_nobody_has_taken_is_taken_back(app: Celery, spool: Spool) -> None:
    other, wanted = sent(app), sent(app)
    stopper = RemoteControl(app)
    assert [stopper.take_back(wanted), stopper.take_back(wanted)] == [True, False]
    tag = spool.take("celery")
    assert tag is not None
    assert other.encode() in spool.read(tag)
    assert spool.take("celery") is None


def test_a_message_that_a_worker_has_is_not_taken_back(app: Celery, spool: Spool) -> None:
    task = sent(app)
    tag = spool.take("celery")
    assert tag is not None
    assert not RemoteControl(app).take_back(task)
    spool.give_back(tag)
    assert not RemoteControl(app).take_back(task), "the task may have begun"
    assert spool.take("celery") is not None, "the worker keeps its message"


def test_a_later_try_is_not_taken_back(app: Celery) -> None:
    assert not RemoteControl(app).take_back(sent(app, retries=1)), "the first try may have done something"


def test_one_of_several_copies_is_not_taken_back(app: Celery, spool: Spool) -> None:
    app.conf.task_queues = [Queue(name, Exchange("everywhere", type="fanout")) for name in ("one", "two")]
    with app.connection_for_write() as connection:
        for queue in app.amqp.queues.values():
            queue.bind(connection.default_channel).declare()
    task = sent(app, queue="one")
    assert [spool.size("one"), spool.size("two")] == [1, 1]
    assert not RemoteControl(app).take_back(task)
    assert [spool.size("one"), spool.size("two")] == [1, 1]


def test_nothing_is_taken_back_from_another_broker(app: Celery) -> None:
    app.conf.broker_transport = "memory"
    assert not RemoteControl(app).take_back(sent(app))


@pytest.mark.parametrize(
    ("url", "transport"),
    [("amqp://", None), ("redis://", None), ("memory://", None), ("", "bot.broker.embedded:Transport")],
    ids=str,
)
def test_these_brokers_have_remote_control(app: Celery, url: str, transport: str | None) -> None:
    if url:
        app.conf.update(broker_url=url, broker_transport=transport)
    assert RemoteControl(app).problem() is None
    app.conf.worker_enable_remote_control = False
    problem = RemoteControl(app).problem()
    assert problem is not None
    assert problem.code is Code.REMOTE_CONTROL_OFF


def test_a_broker_without_fanout_has_no_remote_control(app: Celery) -> None:
    app.conf.update(broker_url="memory://", broker_transport=f"{__name__}:WithoutFanout")
    problem = RemoteControl(app).problem()
    assert problem is not None
    assert (problem.code, problem.params) == (Code.NO_REMOTE_CONTROL, {"transport": "memory"})


def test_an_unreachable_broker_is_reported_without_its_address(app: Celery) -> None:
    app.conf.update(broker_url="redis://:hunter2@127.0.0.1:1/0", broker_transport=None)
    with pytest.raises(NotTold) as failure:
        RemoteControl(app).tell([TaskId("t1")], Way.REVOKE, within=1)
    assert failure.value.reason.code is Code.BROKER_UNREACHABLE
    assert "hunter2" not in str(failure.value)
