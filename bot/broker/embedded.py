"""The embedded broker: Celery without a server, for evaluation and small teams on one machine.

A kombu transport over a `Spool`. kombu's own `filesystem` transport would do the same, but shows messages to readers
half-written and exchange tables while they are rewritten, stops the worker at an unreadable file, loses what a killed
worker had taken, and takes queue names for paths.

Delivery is at least once, as with RabbitMQ: what a killed worker had taken and not acknowledged is given out again
(Celery acknowledges early by default: what had begun is not). Messages of Celery's default delivery mode, persistent,
survive a power cut once publishing has returned. An error from publishing means that nothing went out.
Left out: priorities (first in, first out), several machines, Windows.
"""

from contextlib import suppress
from pathlib import Path
from queue import Empty
from threading import Event
from time import monotonic
from typing import Any
from urllib.parse import quote

from kombu import Connection
from kombu.transport import virtual
from kombu.utils.json import dumps, loads

from bot.broker.spool import Spool

POLLING_INTERVAL = 0.05  # seconds; half of it on average until a worker sees a message
LOOK_FOR_THE_DEAD = 5.0  # seconds
BROADCAST_LIFE = 300.0  # seconds; Celery's control_queue_ttl
PERSISTENT = 2  # AMQP's delivery_mode


def configure(folder: Path) -> dict[str, Any]:
    """The Celery settings that make `folder` the broker. It is created when first used.

    The folder is in the options, as Celery prefers an address in the environment variable CELERY_BROKER_URL to that of
    its settings, and in the address too, as kombu shares its pools between apps whose address is the same.
    """
    return {
        "broker_url": f"filesystem://localhost/{quote(str(folder.absolute()))}",
        "broker_transport": f"{__name__}:Transport",  # goes before the URL's scheme, for workers and senders alike
        "broker_transport_options": {"folder": str(folder.absolute()), "polling_interval": POLLING_INTERVAL},
        # A full pool would block the worker's only loop, which then would not hear that a task is to be revoked.
        "worker_pool_putlocks": False,
        "worker_prefetch_multiplier": 1,
    }


def row(routing_key: str, pattern: str, queue: str) -> bytes:
    """A row of an exchange's table, in the order kombu's exchange types expect."""
    return dumps((routing_key or "", pattern or "", queue)).encode()


class QoS(virtual.QoS):
    """Keeps the spool in step with what kombu holds unacknowledged."""

    channel: "Channel"

    def ack(self, delivery_tag: str) -> None:
        super().ack(delivery_tag)
        self.channel.settled(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        super().reject(delivery_tag, requeue=requeue)
        if not requeue:
            self.channel.settled(delivery_tag)


class Channel(virtual.Channel):
    """The methods that kombu's virtual channel leaves to a transport."""

    QoS = QoS
    supports_fanout = True

    def __init__(self, connection: "Transport", **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.spool, self._acknowledged = connection.spool, connection.acknowledged
        self._unacknowledged: set[str] = set()  # queues whose readers never acknowledge

    def settled(self, tag: str) -> None:
        """Of a message that won't be needed again. Called by whichever thread the worker acknowledges in."""
        self.spool.done(tag)
        self._acknowledged.set()

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **kwargs: Any) -> str:  # noqa: FBT001
        if no_ack:
            self._unacknowledged.add(queue)
        return super().basic_consume(queue, no_ack, *args, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> virtual.Message | None:  # noqa: FBT001, FBT002
        if no_ack:
            self._unacknowledged.add(queue)
        return super().basic_get(queue, no_ack, **kwargs)

    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        durable = message["properties"].get("delivery_mode") == PERSISTENT
        self.spool.put(queue, dumps(message).encode(), durable=durable)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 - kombu's signature
        while tag := self.spool.take(queue):
            try:
                payload = self._payload(tag)
            except Exception as exc:  # noqa: BLE001 - there may be anything in that file
                self.spool.set_aside(tag, exc)
                continue
            if queue in self._unacknowledged:
                self.spool.done(tag)
            return payload
        raise Empty

    def _payload(self, tag: str) -> dict[str, Any]:
        """A taken message, proven to be one that kombu accepts, with its tag in the spool as kombu's delivery tag."""
        payload: dict[str, Any] = loads(self.spool.read(tag))
        payload["properties"]["delivery_tag"] = tag
        self.Message(payload, channel=self)
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
            self.spool.purge(queue)  # what was broadcast while nobody listened is not for who listens now

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *_: Any, **__: Any) -> None:
        self.spool.unbind(exchange, row(routing_key, pattern, queue))
        self.spool.purge(queue)

    def _put_fanout(self, exchange: str, message: dict[str, Any], routing_key: str, **_: Any) -> None:  # noqa: ARG002
        for _key, _pattern, queue in self.get_table(exchange):
            self.spool.purge(queue, older_than=BROADCAST_LIFE)  # its reader may be gone for good
            self._put(queue, message)


class Transport(virtual.Transport):
    """What `broker_transport` names; the folder comes in `broker_transport_options`."""

    Channel = Channel
    implements = virtual.Transport.implements.extend(exchange_type=frozenset({"direct", "topic", "fanout"}))
    connection_errors = (*virtual.Transport.connection_errors, OSError)  # a full disk is a lost connection, not a crash
    default_port = 0
    driver_type = driver_name = "filesystem"
    polling_interval = POLLING_INTERVAL

    def __init__(self, client: Connection, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.spool = Spool(Path((client.transport_options or {})["folder"]))
        self.acknowledged = Event()
        self._looked = 0.0

    def establish_connection(self) -> Any:
        self.spool.create()
        return super().establish_connection()

    def driver_version(self) -> str:
        return "N/A"

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:  # noqa: ARG002 - kombu's
        """Hand out one message; TimeoutError if there is none. An acknowledgement, which makes room, ends the pause."""
        if monotonic() - self._looked > LOOK_FOR_THE_DEAD:
            self.spool.restore_the_dead()
            self._looked = monotonic()
        deadline = float("inf") if timeout is None else monotonic() + timeout
        while True:
            self.acknowledged.clear()
            with suppress(Empty):
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]  # set by kombu's constructor
                return
            if (left := deadline - monotonic()) <= 0:
                raise TimeoutError
            self.acknowledged.wait(min(self.polling_interval, left))
