"""Attempts that sent nothing, although their rows may say otherwise because the database failed.

The database may carry out a statement whose answer is lost. The requester has read that nothing was sent, and nothing will be.
So the row must not stay queued, as if its message were on its way.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import Error, close_old_connections, connections

from bot.core.reasons import Code, Reason
from bot.runs import attempts
from bot.runs.attempts import Attempt
from bot.runs.failures import is_away

log = logging.getLogger(__name__)

PAUSE = 0.5  # seconds between two tries
MOST = 1000  # attempts that are remembered, at most


@dataclass
class Unsaved:
    """Remembers such attempts, and corrects their rows when the database answers again. Threads may share it.

    If the process ends before that, the row stays queued until its deadline.
    """

    pause: float = PAUSE
    _ends: dict[str, tuple[Attempt, Reason]] = field(default_factory=dict)  # by task id
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def unless_saved(self, attempt: Attempt) -> Iterator[None]:
        """Use this around the statement that queues the attempt. If it raises, the caller must send nothing."""
        try:
            yield
        except Error as exc:
            if is_away(exc):
                self.end(attempt, Reason(code=Code.NOT_SAVED))
            raise

    def end(self, attempt: Attempt, reason: Reason) -> None:
        """Makes the row say that this attempt sent nothing, as soon as possible. Returns at once."""
        with self._lock:
            if len(self._ends) >= MOST:
                log.error("task %s was not sent; its row may say otherwise until its deadline", attempt.task_id)
                return
            log.warning("task %s was not sent; its row will say so when the database answers", attempt.task_id)
            self._ends[attempt.task_id] = (attempt, reason)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="not sent", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        try:
            while self._save():
                time.sleep(self.pause)
        finally:
            connections.close_all()

    def _save(self) -> bool:
        """Corrects the rows of remembered attempts. True if some are left."""
        close_old_connections()
        with self._lock:
            ends = list(self._ends.values())
        for attempt, reason in ends:
            try:
                attempts.end(attempt, reason)
            except Exception as exc:
                if is_away(exc):
                    break
                log.exception("task %s was not sent; its row may say otherwise until its deadline", attempt.task_id)
            with self._lock:
                del self._ends[attempt.task_id]
        with self._lock:
            if not self._ends:
                self._thread = None
            return bool(self._ends)
