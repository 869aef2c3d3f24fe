"""Remembers what became of an attempt, if that couldn't be saved because the database failed.

If the answer to a commit is lost, the row may exist although the person has read that nothing was sent. It must not stay
`queued`. And if a message was sent and that can't be saved, its thread must not wait for the run's deadline.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from django.db import Error, close_old_connections, connections

from bot.core.reasons import Code, Reason
from bot.runs import attempts
from bot.runs.attempts import Attempt
from bot.runs.failures import is_away

log = logging.getLogger(__name__)

PAUSE = 0.5  # seconds between two tries
MOST = 1000  # attempts that are remembered, at most
LOST = "what became of task %s can't be saved; its row may say otherwise until its deadline"


@dataclass
class Unsaved:
    """Remembers what is to be saved, and saves it when the database answers again. Threads may share it.

    If the process ends before that, the row stays queued until its deadline.
    """

    pause: float = PAUSE
    _saves: dict[str, Callable[[], object]] = field(default_factory=dict, repr=False)  # by task id
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def unless_saved(self, attempt: Attempt) -> Iterator[None]:
        """Wrap the transaction that queues the attempt. If it raises, don't send the message."""
        try:
            yield
        except Error as exc:
            if is_away(exc):
                self.end(attempt, Reason(code=Code.NOT_SAVED))
            raise

    def end(self, attempt: Attempt, reason: Reason) -> None:
        """Saves that this attempt sent nothing, as soon as possible. Returns at once."""
        log.warning("task %s was not sent; its row will say so when the database answers", attempt.task_id)
        self.save(attempt.task_id, partial(attempts.end, attempt, reason))

    def save(self, task_id: str, save: Callable[[], object]) -> None:
        """Calls `save`, in another thread, until the database takes what it saves. Returns at once."""
        with self._lock:
            if len(self._saves) >= MOST:
                log.error(LOST, task_id)
                return
            self._saves[task_id] = save
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="unsaved", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no thread can be started now; the next call tries that again
                    log.exception(LOST, task_id)
                else:
                    self._thread = thread

    def _work(self) -> None:
        try:
            while self._save():
                time.sleep(self.pause)
        finally:
            connections.close_all()

    def _save(self) -> bool:
        """Saves what is remembered. True if some of it is left."""
        close_old_connections()
        with self._lock:
            saves = list(self._saves.items())
        for task_id, save in saves:
            try:
                save()
            except Exception as exc:
                if is_away(exc):
                    break
                log.exception(LOST, task_id)
            with self._lock:
                del self._saves[task_id]
        with self._lock:
            if not self._saves:
                self._thread = None
            return bool(self._saves)
