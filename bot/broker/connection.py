"""Connections of our own to the platform's broker: they fail fast, and its own configuration stays untouched."""

from typing import Any

from celery import Celery

# No retry: once bytes went out, a second try can queue the task twice. The intervals keep kombu from its own waits of
# seconds when connecting fails (kombu/connection.py, _ensure_connection).
RETRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CONNECT_TIMEOUT = 1.0  # seconds, also for each answer of Redis
AMQP_TIMEOUT = 0.75  # seconds, for each read and write
OPTIONS: dict[str, dict[str, Any]] = {
    "redis": {"socket_timeout": CONNECT_TIMEOUT, "socket_connect_timeout": CONNECT_TIMEOUT, "retry_on_timeout": False},
    "amqp": {"confirm_publish": True, "read_timeout": AMQP_TIMEOUT, "write_timeout": AMQP_TIMEOUT},
}


def own_connection(app: Celery) -> Any:
    """A kombu Connection that connects when it is first used. Not one of the app's pool, which tries for ever."""
    transport = app.connection_for_write().transport.driver_type
    options = {**RETRY, **OPTIONS.get(transport, {})}
    return app.connection_for_write(connect_timeout=CONNECT_TIMEOUT, transport_options=options)
