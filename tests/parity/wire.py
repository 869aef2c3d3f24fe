"""Raw messages, read from Redis and RabbitMQ without Celery and kombu."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import amqp
import redis
from amqp.exceptions import NotFound
from kombu.transport import memory

Fields = Mapping[str, Any]  # "queue", "exchange", "headers.id", "properties.priority", "body", … -> value
OURS = b"runtask:faults"  # marks the database as taken (tests.faults.setups)
EVENTS = "celeryev"


class Broker(Protocol):
    """A broker that no other process uses."""

    url: str

    def take(self, queues: Iterable[str]) -> list[Fields]:
        """Takes all messages out of the broker."""

    def clear(self, queues: Iterable[str]) -> None: ...


@dataclass
class InRedis:
    """Messages are JSON in lists, a list for each queue and step of priority (kombu/transport/redis.py)."""

    url: str

    def __post_init__(self) -> None:
        self.client = redis.Redis.from_url(self.url)

    def take(self, queues: Iterable[str]) -> list[Fields]:
        found = []
        for key in self.client.scan_iter():
            if key != OURS and self.client.type(key) == b"list":
                found += [_of_redis(key.decode(), json.loads(text)) for text in self.client.lrange(key, 0, -1)]
                self.client.delete(key)
        return found

    def clear(self, queues: Iterable[str]) -> None:
        if keys := [key for key in self.client.scan_iter() if key != OURS]:
            self.client.delete(*keys)

    def close(self) -> None:
        self.client.close()


@dataclass
class InRabbitMQ:
    """Reads messages with their properties, as AMQP has them."""

    url: str
    host: str
    vhost: str
    user: str
    password: str

    def __post_init__(self) -> None:
        self.connection = amqp.Connection(self.host, self.user, self.password, virtual_host=self.vhost)
        self.connection.connect()

    def take(self, queues: Iterable[str]) -> list[Fields]:
        found = []
        for queue in sorted(queues):
            channel = self.connection.channel()
            try:
                while (message := channel.basic_get(queue, no_ack=True)) is not None:
                    found.append(_of_rabbitmq(queue, message))
            except NotFound:  # the queue was never declared; the broker has closed the channel
                continue
            channel.close()
        return found

    def clear(self, queues: Iterable[str]) -> None:
        channel = self.connection.channel()
        for queue in queues:
            channel.queue_delete(queue)
            channel.exchange_delete(queue)
        channel.close()

    def close(self) -> None:
        self.connection.close()


@dataclass
class InMemory:
    """kombu's in-memory broker, for tests without a service. Its messages have the same form as those in Redis."""

    url: str = "memory://"

    def take(self, queues: Iterable[str]) -> list[Fields]:
        there = [(name, memory.Channel.queues[name]) for name in queues if name in memory.Channel.queues]
        return [_of_redis(name, queue.get_nowait()) for name, queue in there for _ in range(queue.qsize())]

    def clear(self, queues: Iterable[str]) -> None:
        state: Any = memory.Transport.global_state
        for name in queues:
            memory.Channel.queues.pop(name, None)
            state.queue_bindings_delete(name)
            state.exchanges.pop(name, None)


def _of_redis(key: str, envelope: dict[str, Any]) -> Fields:
    properties = dict(envelope["properties"])
    place = properties.pop("delivery_info")
    body = base64.b64decode(envelope["body"]) if properties["body_encoding"] == "base64" else envelope["body"].encode()
    known = {"body", "headers", "properties", "content-type", "content-encoding"}
    return _flat(
        {
            "queue": key,  # the priority is a part of the key
            **place,
            "content_type": envelope["content-type"],
            "content_encoding": envelope["content-encoding"],
            "body": body,
            **{name: value for name, value in envelope.items() if name not in known},
        },
        envelope["headers"],
        properties,
    )


def _of_rabbitmq(queue: str, message: Any) -> Fields:
    properties = dict(message.properties)
    headers = properties.pop("application_headers", {})
    place = {name: message.delivery_info[name] for name in ("exchange", "routing_key")}
    body = message.body if isinstance(message.body, bytes) else message.body.encode()
    own = {name: properties.pop(name, None) for name in ("content_type", "content_encoding")}
    return _flat({"queue": queue, **place, **own, "body": body}, headers, properties)


def _flat(own: Fields, headers: Fields, properties: Fields) -> Fields:
    """Flattens a message. `<id>` and `<tag>` replace the values that are different in every message."""
    body = own["body"]
    found = {
        **own,
        **{f"headers.{name}": value for name, value in headers.items()},
        **{f"properties.{name}": value for name, value in properties.items()},
    }
    unique = {properties.get("correlation_id"): "<id>", properties.get("delivery_tag"): "<tag>"}
    named = {name: unique.get(value, value) if isinstance(value, str) else value for name, value in found.items()}
    return named | {"body": body.replace(str(properties.get("correlation_id")).encode(), b"<id>")}
