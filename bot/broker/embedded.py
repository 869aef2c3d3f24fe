"""The embedded broker: Celery without a server, for evaluation and small teams on one machine.

It is a kombu transport over a `Spool`. With kombu's own `filesystem` transport, readers can see partly written messages
and exchange tables, an unreadable file stops the worker, a killed worker loses its messages, and queue names are paths.

Delivery is at least once, as with RabbitMQ: if a worker is killed, its unacknowledged messages are delivered again. (By
default, Celery acknowledges a message when its task starts.) A persistent message, which is Celery's default, survives a
power cut after publishing has returned. If publishing raises an error, nothing was sent.
Not supported: priorities, several machines, Windows.
"""

from contextlib import suppress
from pathlib import Path
from queue import Empty
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import quote

from celery import Celery
from kombu import Connection
from kombu.transport import virtual
from kombu.utils.json import dumps, loads

from bot.broker.spool import Spool

# Seconds between two looks for messages. On average, a worker sees a message after half of this time.
POLLING_INTERVAL = 0.05
LOOK_FOR_THE_DEAD = 5.0  # seconds between two looks for processes that have died
BROADCAST_LIFE = 300.0  # seconds for which a broadcast is kept, as Celery's control_queue_ttl
PERSISTENT = 2  # AMQP's delivery_mode


def configure(folder: Path) -> dict[str, Any]:
    """The Celery settings that make `folder` the broker. The folder is created when it is first used.

    The transport reads the folder from its options, because the environment variable CELERY_BROKER_URL overrides the
    address. The address contains the folder, too, because kombu shares its pools between apps with the same address.
    """
    return {
        "broker_url": f"filesystem://localhost/{quote(str(folder.absolute()))}",
        "broker_transport": f"{__name__}:Transport",  # overrides the URL's scheme
        "broker_transport_options": {"folder": str(folder.absolute()), "polling_interval": POLLING_INTERVAL},
        # Otherwise a full pool blocks the worker's only loop, and the worker can't receive commands such as `revoke`.
        "worker_pool_putlocks": False,
        "worker_prefetch_multiplier": 1,
    }


def take_back(app: Celery, task: str) -> bool:
    """Removes a task's message, if the app uses the embedded broker. True: the task has certainly not run, and never will.

    It leaves a message alone if a worker has ever taken it, if it is a retry, or if another queue may have a copy: in each
    case, the task may already have done something.
    """
    if app.conf.broker_transport != f"{__name__}:Transport":
        return False
    spool = Spool(Path(app.conf.broker_transport_options["folder"]))

    def is_only_copy(content: bytes) -> bool:
        if task.encode() not in content:
            return False
        try:
            message = loads(content)
            headers = message["headers"]
            place = message["properties"]["delivery_info"]
            return headers["id"] == task and not headers["retries"] and len(_queues(spool, **place)) <= 1
        except Exception:  # noqa: BLE001  # the file may contain anything
            return False

    return spool.take_back(is_only_copy)


def _queues(spool: Spool, exchange: str, routing_key: str, **_: Any) -> set[str]:
    """The queues that may have got a copy of a message through the exchange's bindings.

    Empty: the exchange has no bindings. The default exchange never has any: it puts a message into one queue.
    """
    table = [loads(each) for each in spool.bindings(exchange)] if exchange else []
    return {queue for key, pattern, queue in table if pattern or not key or key == routing_key}


def row(routing_key: str, pattern: str, queue: str) -> bytes:
    """A row of an exchange's table, in the order that kombu's exchange types expect."""
    return dumps((routing_key or "", pattern or "", queue)).encode()


class QoS(virtual.QoS):
    """Tells the spool about each message that kombu counts as acknowledged or rejected."""

    channel: "Channel"

    def ack(self, delivery_tag: str) -> None:
        super().ack(delivery_tag)
        self.channel.settled(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        super().reject(delivery_tag, requeue=requeue)
        if not requeue:
            self.channel.settled(delivery_tag)


class Channel(virtual.Channel):
    """Implements the methods that kombu's virtual channel leaves to a transport."""

    QoS = QoS
    supports_fanout = True

    def __init__(self, connection: "Transport", **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.spool = connection.spool
        self._acknowledged = connection.acknowledged
        self._no_ack: set[str] = set()  # queues whose readers never acknowledge

    def settled(self, tag: str) -> None:
        """The message isn't needed any more. Any thread may call this."""
        self.spool.done(tag)
        self._acknowledged.set()

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **kwargs: Any) -> str:  # noqa: FBT001
        if no_ack:
            self._no_ack.add(queue)
        return super().basic_consume(queue, no_ack, *args, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> virtual.Message | None:  # noqa: FBT001, FBT002
        if no_ack:
            self._no_ack.add(queue)
        return super().basic_get(queue, no_ack, **kwargs)

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        durable = message["properties"].get("delivery_mode") == PERSISTENT
        self.spool.put(queue, dumps(message).encode(), durable=durable)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 - kombu's signature
        while tag := self.spool.take(queue):
            try:
                payload = self._payload(tag)
            except Exception as exc:  # noqa: BLE001 - the file may contain anything
                self.spool.set_aside(tag, exc)
                continue
            if queue in self._no_ack:
                self.spool.done(tag)
            return payload
        raise Empty

    def _payload(self, tag: str) -> dict[str, Any]:
        """The content of a taken message. Its tag in the spool becomes kombu's delivery tag. Raises an error if it is damaged."""
        payload: dict[str, Any] = loads(self.spool.read(tag))
        payload["properties"]["delivery_tag"] = tag
        self.Message(payload, channel=self)  # raises if kombu can't read it
        return payload

    def _restore(self, message: virtual.Message) -> None:
        self.spool.give_back(str(message.delivery_tag))

    def _size(self, queue: str) -> int:
        return self.spool.size(queue)

    def _purge(self, queue: str) -> int:
        return self.spool.purge(queue)

    def get_table(self, exchange: str) -> list[tuple[str, str, str]]:
        return [tuple(loads(each)) for each in self.spool.bindings(exchange)]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        self.spool.bind(exchange, row(routing_key, pattern, queue))
        if self.typeof(exchange).type == "fanout":
            self.spool.purge(queue)  # drops broadcasts that are older than this reader

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *_: Any, **__: Any) -> None:
        self.spool.unbind(exchange, row(routing_key, pattern, queue))
        self.spool.purge(queue)

    def _put_fanout(self, exchange: str, message: dict[str, Any], routing_key: str, **_: Any) -> None:  # noqa: ARG002
        for _key, _pattern, queue in self.get_table(exchange):
            self.spool.purge(queue, older_than=BROADCAST_LIFE)  # its reader may never come back
            self._put(queue, message)


class Transport(virtual.Transport):
    """The class that `broker_transport` names. `broker_transport_options` contain the folder."""

    Channel = Channel
    implements = virtual.Transport.implements.extend(exchange_type=frozenset({"direct", "topic", "fanout"}))
    connection_errors = (*virtual.Transport.connection_errors, OSError)  # so that a full disk doesn't crash the worker
    default_port = 0
    driver_type = driver_name = "filesystem"
    polling_interval = POLLING_INTERVAL

    def __init__(self, client: Connection, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.spool = Spool(Path((client.transport_options or {})["folder"]))
        self.acknowledged = Event()
        self._looked_at = 0.0  # when processes that have died were last looked for, on the monotonic clock

    def establish_connection(self) -> Any:
        self.spool.create()
        return super().establish_connection()

    def driver_version(self) -> str:
        return "N/A"

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:  # noqa: ARG002 - kombu's
        """Delivers one message. Raises TimeoutError if there is none.

        After an acknowledgement, looks for a message at once, because the reader may now take another one.
        """
        if monotonic() - self._looked_at > LOOK_FOR_THE_DEAD:
            self.spool.restore_the_dead()
            self._looked_at = monotonic()
        deadline = float("inf") if timeout is None else monotonic() + timeout
        while True:
            self.acknowledged.clear()
            with suppress(Empty):
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]  # set by kombu's constructor
                return
            if (left := deadline - monotonic()) <= 0:
                raise TimeoutError
            self.acknowledged.wait(min(self.polling_interval, left))
