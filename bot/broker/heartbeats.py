"""Finds the workers that send events. It asks all workers for a heartbeat, which they send as an event.

Their answers to the command `enable_events` aren't enough: workers answer "ok" even if they send no events
(`--without-gossip --without-heartbeat`).
"""

import time
from contextlib import suppress
from typing import Any
from uuid import uuid4

from celery import Celery
from kombu import Consumer, Queue

from bot.broker import eventqueue
from bot.broker.connection import connect, own_connection
from bot.broker.control import Control

FIRST = 0.01  # seconds of a first read: kombu subscribes on Redis only when it reads


def heard(app: Celery, expected: set[str], within: float) -> set[str]:
    """The names of the workers whose events arrive. Ends early if all `expected` have answered. Raises the transport's errors."""
    names: set[str] = set()

    def take(body: Any, _: Any) -> None:
        for event in body if isinstance(body, list) else [body]:
            names.add(str(event.get("hostname")))

    with own_connection(app) as connection:
        connect(connection, eventqueue.WITHIN)
        channel = connection.channel()
        queue = Queue(
            f"runtask.doctor.{uuid4().hex}",
            exchange=eventqueue.exchange(app, channel),
            routing_key=eventqueue.WORKERS,
            durable=False,
            auto_delete=True,
        )
        with Consumer(channel, [queue], callbacks=[take], no_ack=True, accept=eventqueue.formats(app)):
            until = time.monotonic() + within
            _receive(connection, FIRST)
            Control(app).broadcast("heartbeat", connection=connection)  # workers send a heartbeat at once
            while not expected <= names and (left := until - time.monotonic()) > 0:
                _receive(connection, left)
    return names


def _receive(connection: Any, within: float) -> None:
    with suppress(TimeoutError):
        connection.drain_events(timeout=within)
