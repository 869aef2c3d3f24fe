"""Which queues live workers listen on, asked in the background and kept for a while: never on anybody's way.

Workers answer over the broker's remote control (Celery's `inspect active_queues`); with a transport that has none, such
as SQS, or where a project has turned it off, there is no answer, and then nothing is known.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from celery import Celery
from celery.app.control import Control
from kombu.pidbox import Mailbox

from bot.broker.connection import own_connection

log = logging.getLogger(__name__)

ASK_AGAIN = 10.0  # seconds
STALE = 60.0  # seconds after which an answer says nothing any more
REMOTE_CONTROL = frozenset({"amqp", "redis", "filesystem", "memory"})  # where no answer means no worker
WAIT = 1.0  # seconds for workers to answer


@dataclass
class Workers:
    """Thread-safe; the first question only starts the asking. One is asked at a time, however long a broker keeps it."""

    app: Celery
    clock: Callable[[], float] = time.monotonic
    _queues: frozenset[str] | None = None
    _answered_at: float = float("-inf")
    _asked_at: float = float("-inf")
    _asking: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def listen(self, queue: str | None) -> bool | None:
        """Whether a worker takes what is sent to this queue; None if that isn't known."""
        self._ask_in_background()
        if queue is None or self._queues is None or self.clock() - self._answered_at > STALE:
            return None
        return queue in self._queues

    def _ask_in_background(self) -> None:
        with self._lock:
            is_asking = self._asking is not None and self._asking.is_alive()
            if is_asking or self.clock() - self._asked_at < ASK_AGAIN:
                return
            self._asked_at = self.clock()
            self._asking = threading.Thread(target=self._ask, name="ask-workers", daemon=True)
            self._asking.start()

    def _ask(self) -> None:
        try:
            answers = ask(self.app, "active_queues")
        except Exception as exc:  # noqa: BLE001  # whatever the transport raises: then it isn't known
            log.info("workers could not be asked for their queues: %s", type(exc).__name__)
            return
        if answers is not None:
            self._queues = frozenset(queue["name"] for queues in answers.values() for queue in queues)
            self._answered_at = self.clock()


class _Mailbox(Mailbox):
    """Sends over the connection that the answers come on, and not over the app's pool."""

    producer_pool = None


class _Control(Control):
    Mailbox = _Mailbox


def ask(app: Celery, question: str, within: float = WAIT, *details: str) -> dict[str, Any] | None:
    """What each live worker answers to a command of Celery's `inspect`; None where none can be heard.

    Raises whatever the transport raises, a few seconds after `within` at the latest.
    """
    if not app.conf.worker_enable_remote_control:
        return None
    with own_connection(app) as connection:
        inspect = _Control(app).inspect(timeout=within, connection=connection)
        answers = getattr(inspect, question)(*details)
        if answers is None and connection.transport.driver_type not in REMOTE_CONTROL:
            return None
    return dict(answers or {})
