"""Where workers' events are heard.

On RabbitMQ, a durable queue of our own collects them, also while no process of runtask reads it. It is bounded, and RabbitMQ
deletes it if nobody reads it for long. On Redis, events are broadcast, and whoever doesn't listen misses them.
"""

from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound
from celery import Celery
from celery.events.event import get_exchange
from kombu import Queue
from kombu.exceptions import ChannelError

from bot.broker import answers
from bot.broker.connection import connect, own_connection
from bot.conf import Conf
from bot.core.reasons import Code, Reason

RABBITMQ, REDIS = "amqp", "redis"  # kombu's names of the transports
TASKS = "task.#"  # also `task.multi`, under which prefork workers send several at once
WORKERS = "worker.#"
WITHIN = 3.0  # seconds, for all addresses of the broker


class NotPossible(Exception):
    """The broker isn't RabbitMQ. The text says what that means."""


class Refused(Exception):
    """RabbitMQ refuses the queue. `reason` says why."""

    def __init__(self, name: str, exc: ChannelError) -> None:
        refusal = answers.refusal(exc, RABBITMQ, name)
        error = str(refusal.reason.params.get("error", "")) if refusal is not None else ""
        super().__init__(error or type(exc).__name__)
        self.reason = Reason(code=Code.EVENTS_QUEUE, params={"error": str(self)})


@dataclass(frozen=True, kw_only=True)
class EventQueue:
    """The queue as the options say."""

    name: str
    length: int  # messages, before the oldest are dropped
    expires: float  # seconds without a reader

    @classmethod
    def of(cls, options: Conf) -> "EventQueue":
        return cls(name=options.events_queue, length=options.events_length, expires=options.events_expires)

    def bound(self, app: Celery, channel: Any) -> Any:
        """Not declared yet."""
        kept = transport(app) == RABBITMQ
        limits = {"x-max-length": self.length, "x-expires": int(self.expires * 1000)} if kept else {}
        return Queue(
            self.name, exchange=exchange(app, channel), routing_key=TASKS, queue_arguments=limits, durable=True
        )(channel)

    def made(self, app: Celery, connection: Any) -> tuple[Any, bool]:
        """The queue, declared on a channel of its own, and whether it was there before. Raises Refused."""
        if transport(app) != RABBITMQ:
            queue = self.bound(app, connection.channel())
            queue.declare()
            return queue, False
        was_there = self.waiting(connection) is not None
        queue = self.bound(app, connection.channel())
        try:
            queue.declare()
        except ChannelError as exc:
            raise Refused(self.name, exc) from exc
        return queue, was_there

    def waiting(self, connection: Any) -> tuple[int, int] | None:
        """How many messages and how many readers the queue has on RabbitMQ. None if it doesn't exist."""
        channel = connection.channel()
        try:
            found = channel.queue_declare(self.name, passive=True)
        except NotFound:
            return None
        except ChannelError as exc:
            raise Refused(self.name, exc) from exc
        channel.close()
        return found.message_count, found.consumer_count


def exchange(app: Celery, channel: Any) -> Any:
    """As workers declare it."""
    return get_exchange(channel.connection.client, name=app.conf.event_exchange)


def formats(app: Celery) -> list[str]:
    """Those in which events are read. Never pickle, whatever the workers use."""
    return list({"json", app.conf.event_serializer} - {"pickle", "application/x-python-serialize"})


def transport(app: Celery) -> str:
    """kombu's name of it. Connects to nothing."""
    return str(own_connection(app).transport.driver_type)


def is_possible(app: Celery) -> bool:
    """Whether events can be heard on this broker."""
    try:
        return transport(app) in (RABBITMQ, REDIS)
    except Exception:  # noqa: BLE001  # kombu doesn't know the transport, or its library is missing
        return False


def shown(app: Celery) -> str:
    """The transport's name, for people. It works for an unknown transport too."""
    try:
        return transport(app)
    except Exception as exc:  # noqa: BLE001  # as above
        return f"this broker ({type(exc).__name__})"


def add(app: Celery, queue: EventQueue) -> None:
    """Raises NotPossible, Refused, or whatever the transport raises, as the next two do."""
    with _rabbitmq(app) as connection:
        queue.made(app, connection)


def remove(app: Celery, queue: EventQueue) -> None:
    with _rabbitmq(app) as connection:
        connection.channel().queue_delete(queue.name)


def waiting(app: Celery, queue: EventQueue) -> tuple[int, int] | None:
    """See EventQueue."""
    with _rabbitmq(app) as connection:
        return queue.waiting(connection)


def _rabbitmq(app: Celery) -> Any:
    found = transport(app)
    if found == REDIS:
        raise NotPossible(
            "Redis has no queue of events to add, show or remove: runtask hears events only while it runs"
        )
    if found != RABBITMQ:
        raise NotPossible(f"runtask can't hear workers' events over {found}, only on RabbitMQ and Redis")
    connection = own_connection(app)
    connect(connection, WITHIN)
    return connection
