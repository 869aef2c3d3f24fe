"""Our own connections to the platform's broker. They fail fast, and the app's configuration stays unchanged."""

from typing import Any

from celery import Celery

# No retries: after bytes have gone out, a second try could queue the task twice. With its default intervals, kombu waits
# for seconds if it can't connect (kombu/connection.py, _ensure_connection).
RETRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CONNECT_TIMEOUT = 1.0  # seconds, also for each answer of Redis
AMQP_TIMEOUT = 0.75  # seconds, for each read and write
OPTIONS: dict[str, dict[str, Any]] = {
    "redis": {"socket_timeout": CONNECT_TIMEOUT, "socket_connect_timeout": CONNECT_TIMEOUT, "retry_on_timeout": False},
    "amqp": {"confirm_publish": True, "read_timeout": AMQP_TIMEOUT, "write_timeout": AMQP_TIMEOUT},
}


def own_connection(app: Celery) -> Any:
    """A kombu Connection that connects at its first use. The connections of the app's pool retry for ever."""
    transport = app.connection_for_write().transport.driver_type
    options = {**RETRY, **OPTIONS.get(transport, {})}
    return app.connection_for_write(connect_timeout=CONNECT_TIMEOUT, transport_options=options)
