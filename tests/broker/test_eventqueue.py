"""Which brokers have events, and which options of their queue are accepted. tests.services.test_events has real brokers."""

import pytest
from celery import Celery
from django.core.management import CommandError, call_command

from bot import conf
from bot.broker import eventqueue
from bot.broker.outcomes.choice import chosen
from bot.core.model import Source


def an_app(broker: str, **settings: object) -> Celery:
    app = Celery("platform", set_as_current=False, broker=broker)
    app.conf.update(settings)
    return app


@pytest.mark.parametrize("what", ["add", "remove", "show"])
def test_without_rabbitmq_the_command_says_why_it_does_nothing(what: str) -> None:
    with pytest.raises(CommandError, match="only on RabbitMQ and Redis"):
        call_command("runtask_events", what)


@pytest.mark.parametrize(
    ("broker", "source"),
    [("amqp://", Source.EVENTS), ("redis://", Source.EVENTS), ("memory://", Source.NONE), ("no-such://", Source.NONE)],
)
def test_events_are_a_source_only_on_brokers_that_have_them(
    broker: str, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", broker)  # Celery prefers this variable to its settings
    assert chosen(an_app(broker), "events") is source


def test_events_are_a_source_only_if_they_are_named() -> None:
    assert chosen(an_app("redis://"), "auto") is Source.NONE


@pytest.mark.parametrize(
    ("serializer", "read"), [("json", {"json"}), ("pickle", {"json"}), ("msgpack", {"json", "msgpack"})]
)
def test_pickled_events_are_never_read(serializer: str, read: set[str]) -> None:
    assert set(eventqueue.formats(an_app("redis://", event_serializer=serializer))) == read


@pytest.mark.parametrize(
    ("name", "is_good"), [("runtask.events", True), ("a:b-c_d", True), ("amq.x", False), ("ü", False), ("a b", False)]
)
def test_a_queues_name_is_accepted_only_if_rabbitmq_accepts_it(name: str, is_good: bool) -> None:
    if is_good:
        assert conf.queue_name(f" {name} ") == name
    else:
        with pytest.raises(ValueError, match="must be a queue's name"):
            conf.queue_name(name)


@pytest.mark.parametrize(
    ("raw", "is_good"), [("60", True), ("604800", True), ("59", False), ("4000001", False), ("x", False)]
)
def test_a_queues_expiry_is_accepted_only_within_rabbitmqs_limits(raw: str, is_good: bool) -> None:
    if is_good:
        assert conf.queue_expiry(raw) == float(raw)
    else:
        with pytest.raises(ValueError, match="seconds"):
            conf.queue_expiry(raw)
