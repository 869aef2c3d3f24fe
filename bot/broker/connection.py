"""Our own connections to the platform's broker. They fail fast, and the app's configuration stays unchanged."""

import random
import select
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

from celery import Celery

# No retries: after bytes have been sent, a second try could queue the task twice. With kombu's default intervals, a connection
# that fails would wait for seconds (kombu/connection.py, _ensure_connection).
RETRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CONNECT_TIMEOUT = 1.0  # seconds to connect, and for each answer of Redis
LEAST_TIMEOUT = 0.5  # seconds for each address, at least: a live broker that is busy needs time
AMQP_TIMEOUT = 0.75  # seconds, for each read and write
OPTIONS: dict[str, dict[str, Any]] = {
    "redis": {"socket_timeout": CONNECT_TIMEOUT, "socket_connect_timeout": CONNECT_TIMEOUT, "retry_on_timeout": False},
    "amqp": {"confirm_publish": True, "read_timeout": AMQP_TIMEOUT, "write_timeout": AMQP_TIMEOUT},
}
# The transports' options that limit how long it takes to open a connection.
OPENING = {"redis": ("socket_timeout", "socket_connect_timeout"), "amqp": ("connect_timeout",)}


def own_connection(app: Celery, heartbeat: float | None = None) -> Any:
    """A kombu Connection that connects when it is first used. The app's own pool isn't used: its connections retry for ever.

    `heartbeat`: seconds after which RabbitMQ may close the connection if we send nothing. None: it never does.
    """
    transport = app.connection_for_write().transport.driver_type
    options = {**RETRY, **OPTIONS.get(transport, {})}
    strategy = _shuffled if app.conf.broker_failover_strategy == "shuffle" else None  # None: the platform's
    return app.connection_for_write(
        connect_timeout=CONNECT_TIMEOUT, transport_options=options, failover_strategy=strategy, heartbeat=heartbeat
    )


def connect(connection: Any, within: float) -> Any:
    """A channel whose broker has just answered. Connects if necessary; raises the last error of the transport.

    If the broker has several addresses, each gets one try, in the order of the platform's failover strategy, and an equal
    share of the time that is left, but at least LEAST_TIMEOUT. The connection stays with the address that answers. kombu's own
    retries give each address the full time, and don't notice that a pooled connection has died.
    """
    until = time.monotonic() + within
    untried = max(1, len(connection.alt))  # kombu's name for all addresses of a list
    if connection.connected and _has_ended(connection):
        connection.collect()
    while True:
        try:
            return _answering_channel(connection, (until - time.monotonic()) / untried)
        except Exception:
            connection.collect()
            untried -= 1
            if not untried:
                raise
            connection.maybe_switch_next()


def _answering_channel(connection: Any, seconds: float) -> Any:
    """A channel over the connection's present address, which may take about `seconds` to connect."""
    transport = connection.transport.driver_type
    if not connection.connected:
        limit = min(CONNECT_TIMEOUT, max(LEAST_TIMEOUT, seconds))
        limits = dict.fromkeys(OPENING.get(transport, ()), limit)
        # A new dict, because the pool's connections share the old one.
        connection.transport_options = {**connection.transport_options, **limits}
    channel = connection.default_channel
    if transport == "redis":
        channel.client.ping()
    return channel


def _has_ended(connection: Any) -> bool:
    """Whether RabbitMQ has sent something unasked. This is nearly always the end of the connection."""
    if connection.transport.driver_type != "amqp":
        return False
    poller = select.poll()  # `select.select` takes no file number above 1023
    poller.register(connection.connection.transport.sock, select.POLLIN)
    return bool(poller.poll(0))


def _shuffled(addresses: Sequence[str]) -> Iterator[str]:
    """Yields the first address, then the others in random order, and repeats this order for ever.

    kombu connects to the first address anyway, and skips it here. Its own "shuffle" may choose the address that has just failed.
    """
    first, *others = addresses
    return cycle([first, *random.sample(others, len(others))])
