"""Celery's remote control over connections of our own."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from celery import Celery
from celery.app import control as app_control
from kombu import Consumer, Producer
from kombu.pidbox import Mailbox

from bot.broker import pickled
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

    def _collect(
        self, ticket: str, limit: int | None = None, timeout: float = 1, *_args: Any, **_options: Any
    ) -> list[Any]:
        """Waits for answers as kombu does. An answer that can't be read is dropped, and a pickle runs no code."""
        connection: Any = self.connection
        clock: Any = self.clock  # type: ignore[attr-defined]  # the stubs lack it
        answers: list[dict[str, Any]] = []

        def take(message: Any) -> None:
            if message.headers.get("ticket", ticket) == ticket:
                with suppress(Exception):  # whatever decoders raise
                    answers.append(dict(_content(message)))
                    clock.adjust(message.headers.get("clock") or 0)  # as kombu does

        channel, queue = connection.default_channel, self.reply_queue
        consumer = Consumer(
            channel, [queue], on_message=take, on_decode_error=_drop, accept=pickled.safe(self.accept), no_ack=True
        )
        try:
            with consumer, suppress(TimeoutError):
                for _ in range(limit) if limit else count():
                    connection.drain_events(timeout=timeout)
        finally:
            channel.after_reply_message_received(queue.name)
        return answers


def _content(message: Any) -> Any:
    """Workers answer in the format in which they send tasks, so the platform's setting may make that pickle."""
    return pickled.loads(message.body) if message.content_type == pickled.CONTENT_TYPE else message.payload


def _drop(*_: Any) -> None:
    """Drops a message that kombu can't expand."""


class Control(app_control.Control):
    """Celery's remote control, over a connection that fails fast."""

    Mailbox = _Mailbox
