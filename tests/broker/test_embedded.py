"""The embedded broker, used by way of kombu and Celery."""

import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from celery import Celery
from kombu import Connection, Consumer, Exchange, Message, Producer, Queue
from kombu.exceptions import OperationalError
from kombu.utils.json import dumps

from bot.broker import embedded

Got = list[Message]
GOOD = {"body": "", "properties": {"delivery_tag": "1"}}
DAMAGED = {
    "zero bytes": b"",
    "garbage": b"\xff\xfe\x00garbage",
    "half a message": b'{"body": "W1tdLCB7fSw',
    "a list": b"[1, 2]",
    "a number": b"7",
    "no properties": b'{"body": ""}',
    "no object as properties": b'{"body": "", "properties": []}',
    "a body that is no base64": dumps({"body": "x", "properties": {"body_encoding": "base64"}}).encode(),
    "an unknown encoding": dumps({"body": "x", "properties": {"body_encoding": "rot13"}}).encode(),
    "brackets without end": b"[" * 100_000,
    "a made-up type": b'{"__type__": "decimal", "__value__": "x"}',
}


@pytest.fixture(autouse=True)
def no_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "missing" / "broker"


@pytest.fixture
def app(folder: Path) -> Iterator[Celery]:
    app = Celery("embedded", set_as_current=False)
    app.conf.update(embedded.configure(folder))
    yield app
    app.close()


@pytest.fixture
def connection(app: Celery) -> Iterator[Connection]:
    with app.connection_for_write() as connection:
        yield connection


def drain(connection: Connection, *queues: str, no_ack: bool = True) -> Got:
    """Takes all messages in `queues` with a new consumer."""
    got: Got = []
    with connection.channel() as channel:
        consumer = Consumer(channel, [Queue(name) for name in queues], no_ack=no_ack, on_message=got.append)
        with consumer:
            try:
                while True:
                    connection.drain_events(timeout=0.01)
            except TimeoutError:
                return got


def send(connection: Connection, queue: str, body: object = "hello") -> None:
    Producer(connection).publish({"say": body}, routing_key=queue)


def left(folder: Path) -> list[Path]:
    """The files of messages that wait or are claimed."""
    return [*folder.glob("queues/*/*.msg"), *folder.glob("claimed/*/*/*.msg")]


def test_workers_and_senders_both_get_our_transport(app: Celery) -> None:
    with app.connection_for_write() as write, app.connection_for_read() as read:
        transports = [write.transport, write.clone().transport, read.transport]
    assert {type(transport) for transport in transports} == {embedded.Transport}


def test_an_address_in_the_environment_does_not_replace_the_folder(
    folder: Path, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "filesystem://")
    app.send_task("ours", queue="q")
    assert len(left(folder)) == 1


def test_apps_on_two_folders_in_one_process_do_not_mix(app: Celery, tmp_path: Path) -> None:
    other = Celery("other", set_as_current=False)
    other.conf.update(embedded.configure(tmp_path / "a ö;?#%2F folder"))
    app.send_task("ours", queue="q")
    other.send_task("theirs", queue="q")
    with other.connection_for_read() as connection:
        assert [message.headers["task"] for message in drain(connection, "q")] == ["theirs"]
    assert len(list((tmp_path / "a ö;?#%2F folder").glob("queues/q.q"))) == 1


def test_the_folder_is_created_by_sending_and_not_by_configuring(
    folder: Path, app: Celery, connection: Connection
) -> None:
    assert not folder.parent.exists()
    send(connection, "celery")
    assert [message.decode() for message in drain(connection, "celery")] == [{"say": "hello"}]
    assert left(folder) == []


def test_a_task_waits_in_the_folder_while_no_worker_runs(folder: Path, app: Celery) -> None:
    sent = app.send_task("demo.report", [7], {"region": "EU"}, queue="reports")
    app.close()
    later = Celery("later", set_as_current=False)
    later.conf.update(embedded.configure(folder))
    with later.connection_for_read() as connection:
        (message,) = drain(connection, "reports")
    assert message.headers["id"] == sent.id
    assert message.decode()[:2] == [[7], {"region": "EU"}]


def test_rejected_messages_are_delivered_again_and_acknowledged_ones_are_not(
    folder: Path, connection: Connection
) -> None:
    for body in ("refused", "acknowledged", "rejected", "forgotten"):
        send(connection, "q", body)
    with connection.channel() as channel:
        got: Got = []
        with Consumer(channel, [Queue("q")], on_message=got.append):
            for _ in range(4):
                connection.drain_events(timeout=1)
            assert len(list(folder.glob("claimed/*/*/*.msg"))) == 4
            refused, acknowledged, rejected, _forgotten = got
            refused.requeue()
            acknowledged.ack()
            rejected.reject()
    assert [message.decode()["say"] for message in drain(connection, "q")] == ["refused", "forgotten"]
    assert left(folder) == []


def test_a_reader_at_its_prefetch_limit_continues_as_soon_as_it_acknowledges(app: Celery) -> None:
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "polling_interval": 60}
    with app.connection_for_read() as connection, connection.channel() as channel:
        for body in ("first", "second"):
            send(connection, "q", body)
        got: Got = []
        with Consumer(channel, [Queue("q")], on_message=got.append) as consumer:
            consumer.qos(prefetch_count=1)
            connection.drain_events(timeout=1)
            acknowledging = threading.Timer(0.05, got[0].ack)
            acknowledging.start()
            connection.drain_events(timeout=20)  # raises TimeoutError if the acknowledgement doesn't end the wait
            got[1].ack()
            acknowledging.join()
    assert [message.decode()["say"] for message in got] == ["first", "second"]


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_moved_aside_with_one_warning_and_stops_nothing(
    content: bytes, folder: Path, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    send(connection, "q", "before")
    (file,) = left(folder)
    damaged = file.with_name(f"{file.stem}x.msg")
    damaged.write_bytes(content)
    send(connection, "q", "after")
    with caplog.at_level(logging.WARNING):
        assert [message.decode()["say"] for message in drain(connection, "q")] == ["before", "after"]
    kept = folder / "damaged" / damaged.relative_to(folder / "queues")
    assert kept.read_bytes() == content
    assert [str(kept) in record.getMessage() for record in caplog.records] == [True]


def test_a_message_that_is_no_file_is_moved_aside_too(folder: Path, connection: Connection) -> None:
    send(connection, "q")
    (file,) = left(folder)
    file.with_name("0.msg").mkdir()
    assert len(drain(connection, "q")) == 1
    assert [path.name for path in folder.glob("damaged/*/*")] == ["0.msg"]


def test_files_that_are_no_messages_are_left_alone(folder: Path, connection: Connection) -> None:
    send(connection, "q")
    (file,) = left(folder)
    note = file.with_name("README.txt")
    note.write_text("hands off")
    assert len(drain(connection, "q")) == 1
    assert note.read_text() == "hands off"


def test_a_folder_that_is_removed_while_a_worker_runs_is_made_again(folder: Path, connection: Connection) -> None:
    send(connection, "q", "lost")
    assert len(drain(connection, "q")) == 1
    shutil.rmtree(folder)
    send(connection, "q", "kept")
    assert [message.decode()["say"] for message in drain(connection, "q")] == ["kept"]


def test_a_message_is_refused_if_the_folder_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    app = Celery("refused", set_as_current=False)
    app.conf.update(embedded.configure(tmp_path / "file" / "broker"))
    with pytest.raises(OperationalError), app.connection_for_write() as connection:
        Producer(connection).publish({}, routing_key="q", retry=True, retry_policy={"max_retries": 0})


def test_a_broadcast_reaches_only_those_who_listen_when_it_is_sent(folder: Path, app: Celery) -> None:
    everyone = Exchange("everyone", type="fanout")
    with app.connection_for_read() as connection, connection.channel() as channel:
        producer = Producer(channel, exchange=everyone)
        for name in ("a", "b"):
            Queue(name, exchange=everyone)(channel).declare()
        producer.publish("first")
        assert [message.decode() for message in drain(connection, "a", "b")] == ["first", "first"]
        producer.publish("second")
    with app.connection_for_read() as restarted, restarted.channel() as channel:
        Queue("a", exchange=everyone)(channel).declare()
        assert drain(restarted, "a") == []
        assert [message.decode() for message in drain(restarted, "b")] == ["second"]


def test_broadcasts_to_a_listener_that_never_returns_do_not_pile_up(folder: Path, connection: Connection) -> None:
    everyone = Exchange("everyone", type="fanout")
    with connection.channel() as channel:
        Queue("gone", exchange=everyone)(channel).declare()
        producer = Producer(channel, exchange=everyone)
        with time_machine.travel(0, tick=False) as clock:
            for _ in range(20):
                clock.shift(embedded.BROADCAST_LIFE / 2)
                producer.publish("anybody?")
    assert len(left(folder)) == 2


def test_a_topic_reaches_the_queues_whose_pattern_matches(connection: Connection) -> None:
    news = Exchange("news", type="topic")
    with connection.channel() as channel:
        for name, pattern in (("all", "#"), ("eu", "eu.*"), ("us", "us.*")):
            Queue(name, exchange=news, routing_key=pattern)(channel).declare()
        Producer(channel, exchange=news).publish("hello", routing_key="eu.sales")
        assert len(drain(connection, "all")) == 1
        assert len(drain(connection, "eu")) == 1
        assert drain(connection, "us") == []


def test_a_deleted_queue_is_empty_and_bound_to_nothing(folder: Path, connection: Connection) -> None:
    everyone = Exchange("everyone", type="fanout")
    with connection.channel() as channel:
        queue = Queue("q", exchange=everyone)(channel)
        queue.declare()
        Producer(channel, exchange=everyone).publish("hello")
        assert len(left(folder)) == 1
        queue.delete()
        Producer(channel, exchange=everyone).publish("anybody?")
    assert left(folder) == []
