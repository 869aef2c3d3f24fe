"""Finds the queues that live workers consume. runtask asks workers in the background, so that nobody waits for their answers.

Workers answer over Celery's remote control (`inspect active_queues`). Some transports, such as SQS, have none, and a project
may turn it off. Then the queues stay unknown.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from celery import Celery
from celery.app.control import Inspect

from bot.broker.connection import connect, own_connection
from bot.broker.control import Control, why_no_remote_control
from bot.core.model import Listening

log = logging.getLogger(__name__)

ASK_AGAIN = 10.0  # seconds between two questions to the workers
STALE = 60.0  # seconds; an older answer no longer counts
WAIT = 1.0  # seconds that workers have to answer
CONNECT_WITHIN = 3.0  # seconds, for all addresses of the broker together


@dataclass
class LiveQueues:
    """The queues in the workers' last answers. Threads may share it. At most one thread asks, even if the broker hangs."""

    app: Celery
    clock: Callable[[], float] = time.monotonic
    _queues: frozenset[str] | None = None
    _answered_at: float = float("-inf")
    _asked_at: float = float("-inf")
    _asking: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def listening(self, queue: str | None) -> Listening:
        """Whether a live worker consumes this queue, by the workers' last answer. Asks them in the background if it is time.

        Returns UNKNOWN if `queue` is None, or if no worker has answered lately.
        """
        self._ask_in_background()
        if queue is None or self._queues is None or self.clock() - self._answered_at > STALE:
            return Listening.UNKNOWN
        if not self._queues:
            return Listening.SILENT
        return Listening.YES if queue in self._queues else Listening.NO

    def _ask_in_background(self) -> None:
        with self._lock:
            is_asking = self._asking is not None and self._asking.is_alive()
            if is_asking or self.clock() - self._asked_at < ASK_AGAIN:
                return
            self._asked_at = self.clock()
            asking = threading.Thread(target=self._ask, name="ask-workers", daemon=True)
            try:
                asking.start()
            except RuntimeError:  # this process can't have another thread now: the queues stay unknown
                return
            self._asking = asking

    def _ask(self) -> None:
        try:
            answers = ask(self.app, "active_queues")
        except Exception as exc:  # noqa: BLE001  # whatever the transport raises: the queues stay unknown
            log.info("workers could not be asked for their queues: %s", type(exc).__name__)
            return
        if answers is not None:
            self._queues = frozenset(queue["name"] for queues in answers.values() for queue in queues)
            self._answered_at = self.clock()


def ask(app: Celery, question: str, within: float = WAIT, *details: str) -> dict[str, Any] | None:
    """The answers of live workers to a command of Celery's `inspect`, by worker. None: there is no remote control.

    Takes at most a few seconds longer than `within`. Raises the errors of the transport.
    """
    if why_no_remote_control(app) is not None:
        return None
    with own_connection(app) as connection:
        connect(connection, CONNECT_WITHIN)
        stand_in: Any = SimpleNamespace(control=Control(app))  # Inspect always asks through the `control` of its app
        inspect = Inspect(timeout=within, connection=connection, app=stand_in)
        answers = getattr(inspect, question)(*details)
    return dict(answers or {})
