"""The queue from which runtask reads workers' events.

On RabbitMQ, the queue is durable, so it collects events even while no process of runtask reads it. Its length is limited, and
RabbitMQ deletes it if nobody reads it for long. Redis keeps no events: a process that isn't listening misses them.
"""

from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound
from celery import Celery
from celery.events.event import get_exchange
from kombu import Queue
from kombu.exceptions import ChannelError

from bot.broker import answers, pickled
from bot.broker.connection import connect, own_connection
from bot.conf import Conf
from bot.core.reasons import Code, Reason

RABBITMQ, REDIS = "amqp", "redis"  # kombu's names of the transports
TASKS = "task.#"  # matches `task.multi`, too: with that key, prefork workers send several events in one message
WORKERS = "worker.#"
WITHIN = 3.0  # seconds to connect, for all addresses of the broker together


class NotPossible(Exception):
    """The broker isn't RabbitMQ, so it has no queue of events. The text is for the operator."""


class Refused(Exception):
    """RabbitMQ refuses to declare the queue or to say anything about it. `reason` holds its error."""

    def __init__(self, name: str, exc: ChannelError) -> None:
        refusal = answers.refusal(exc, RABBITMQ, name)
        error = str(refusal.reason.params.get("error", "")) if refusal is not None else ""
        super().__init__(error or type(exc).__name__)
        self.reason = Reason(code=Code.EVENTS_QUEUE, params={"error": str(self)})


@dataclass(frozen=True, kw_only=True)
class EventQueue:
    """The name and the limits of the queue, from the options."""

    name: str
    length: int  # messages; if more come, RabbitMQ drops the oldest
    expires: float  # seconds without a reader, after which RabbitMQ deletes the queue

    @classmethod
    def of(cls, options: Conf) -> "EventQueue":
        return cls(name=options.events_queue, length=options.events_length, expires=options.events_expires)

    def _on(self, channel: Any, app: Celery) -> Any:
        """kombu's Queue on this channel, not declared yet."""
        is_rabbitmq = transport(app) == RABBITMQ
        limits = {"x-max-length": self.length, "x-expires": int(self.expires * 1000)} if is_rabbitmq else {}
        return Queue(
            self.name, exchange=exchange(app, channel), routing_key=TASKS, queue_arguments=limits, durable=True
        )(channel)

    def declare(self, app: Celery, connection: Any) -> tuple[Any, bool]:
        """Declares the queue on a new channel. Returns it, and whether it existed before (on Redis: never). Raises Refused."""
        if transport(app) != RABBITMQ:
            queue = self._on(connection.channel(), app)
            queue.declare()
            return queue, False
        was_there = self.waiting(connection) is not None
        queue = self._on(connection.channel(), app)
        try:
            queue.declare()
        except ChannelError as exc:
            raise Refused(self.name, exc) from exc
        return queue, was_there

    def waiting(self, connection: Any) -> tuple[int, int] | None:
        """How many messages the queue on RabbitMQ holds, and how many readers it has. None if it doesn't exist. Raises Refused."""
        channel = connection.channel()  # a new one: RabbitMQ closes the channel if the queue doesn't exist
        try:
            found = channel.queue_declare(self.name, passive=True)
        except NotFound:
            return None
        except ChannelError as exc:
            raise Refused(self.name, exc) from exc
        channel.close()
        return found.message_count, found.consumer_count


def exchange(app: Celery, channel: Any) -> Any:
    """The exchange to which workers send events, declared as they declare it."""
    return get_exchange(channel.connection.client, name=app.conf.event_exchange)


def formats(app: Celery) -> list[str]:
    """The formats in which events are read: JSON and that of the app, but never pickle."""
    return pickled.safe([app.conf.event_serializer])


def transport(app: Celery) -> str:
    """kombu's name of the broker's transport. Doesn't connect."""
    return str(own_connection(app).transport.driver_type)


def is_possible(app: Celery) -> bool:
    """Whether runtask can read events on this broker."""
    try:
        return transport(app) in (RABBITMQ, REDIS)
    except Exception:  # noqa: BLE001  # kombu doesn't know the transport, or its library is missing
        return False


def shown(app: Celery) -> str:
    """The transport's name, for a message to people. Doesn't raise if kombu doesn't know the transport."""
    try:
        return transport(app)
    except Exception as exc:  # noqa: BLE001  # as in `is_possible`
        return f"this broker ({type(exc).__name__})"


def add(app: Celery, queue: EventQueue) -> None:
    """Declares the queue. Raises NotPossible, Refused, or an error of the transport."""
    with _rabbitmq(app) as connection:
        queue.declare(app, connection)


def remove(app: Celery, queue: EventQueue) -> None:
    """Deletes the queue and the events in it. Raises NotPossible, or an error of the transport."""
    with _rabbitmq(app) as connection:
        connection.channel().queue_delete(queue.name)


def waiting(app: Celery, queue: EventQueue) -> tuple[int, int] | None:
    """The result of `EventQueue.waiting` over a separate connection. Raises NotPossible, Refused, or an error of the transport."""
    with _rabbitmq(app) as connection:
        return queue.waiting(connection)


def _rabbitmq(app: Celery) -> Any:
    """A connection to RabbitMQ. Raises NotPossible if the broker is another one, or an error of the transport."""
    name = transport(app)
    if name == REDIS:
        raise NotPossible(
            "Redis has no queue of events to add, show or remove: runtask hears events only while it runs"
        )
    if name != RABBITMQ:
        raise NotPossible(f"runtask can't hear workers' events over {name}, only on RabbitMQ and Redis")
    connection = own_connection(app)
    connect(connection, WITHIN)
    return connection
