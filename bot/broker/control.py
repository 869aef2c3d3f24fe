"""Celery's remote control over connections of our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.app import control as app_control
from kombu import Producer
from kombu.pidbox import Mailbox

from bot.broker.connection import own_connection
from bot.core.reasons import Code, Reason


def why_no_remote_control(app: Celery) -> Reason | None:
    """Why workers can't get commands. None: they can. Workers check the same (celery/worker/consumer/control.py).

    Makes no connection.
    """
    if not app.conf.worker_enable_remote_control:
        return Reason(code=Code.REMOTE_CONTROL_OFF)
    connection = own_connection(app)
    if not connection.supports_exchange_type("fanout"):
        return Reason(code=Code.NO_REMOTE_CONTROL, params={"transport": str(connection.transport.driver_type)})
    return None


class _Once(Producer):
    """Publishes without kombu's retries, which end only when the broker is available again."""

    def publish(self, *args: Any, **options: Any) -> Any:
        return super().publish(*args, **{**options, "retry": False})


class _Mailbox(Mailbox):
    """Sends commands over the connection that gets the answers. A connection of the app's pool may hang."""

    @contextmanager
    def producer_or_acquire(self, producer: Any = None, channel: Any = None) -> Iterator[Any]:
        yield producer or _Once(channel, auto_declare=False)


class Control(app_control.Control):
    """Celery's remote control, over a connection that fails fast."""

    Mailbox = _Mailbox
