"""Asks a result backend, over one `Line` per process. Each question has its own thread: no caller waits longer than its limit."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from celery import Celery
from celery.backends.base import BaseKeyValueStoreBackend
from django.db import connections

from bot.broker.outcomes import kinds
from bot.broker.outcomes.readers import TIMEOUT, Keys, Others, Reader
from bot.core.pauses import WorkLimit
from bot.core.ports import SourceSilent
from bot.core.reasons import Code, Reason

T = TypeVar("T")
SILENT_PAUSE = 2.0  # seconds until a silent backend is asked again
AT_ONCE = 4  # questions that are asked at the same time, at most. Others wait for their turn.
LATE_PAUSE = 60.0  # seconds between two passes over overdue and ended runs; less if the backend drops results early
SHARE = 0.05  # share of the time that questions about all runs may take


def reader(app: Celery) -> Reader:
    """The reader for the platform's backend. It connects when it is first used. Raises SourceSilent."""
    if kinds.is_old_memcached(app):
        raise SourceSilent(Reason(code=Code.OLD_MEMCACHED))
    found, url = kinds.backend_class(app)
    if kinds.is_a(found, "celery.backends.database"):
        from bot.broker.outcomes.sql import Tables  # noqa: PLC0415  # needs SQLAlchemy

        return Tables.of(app, url)
    backend = own_backend(found(app=app, url=url))
    return Keys(backend) if isinstance(backend, BaseKeyValueStoreBackend) else Others(backend)


def own_backend(backend: Any) -> Any:
    """Makes `backend`, which must be an object of our own, fail fast and without retries."""
    backend.always_retry = False
    if (params := getattr(backend, "connparams", None)) is not None:  # Redis, with or without Sentinel
        params |= {"socket_timeout": TIMEOUT, "retry_on_timeout": False}
        if "socket_connect_timeout" in params:  # a socket in the file system has no such option
            params["socket_connect_timeout"] = TIMEOUT
    return backend


@dataclass
class Line:
    """Asks a backend. After a failure, it reports silence for SILENT_PAUSE seconds without asking. Threads may share it."""

    app: Celery
    late: WorkLimit  # for questions about runs that are overdue or have ended
    _reader: Reader | None = None
    _silent_until: float = float("-inf")  # on the monotonic clock
    _why: Reason | None = None  # why the last question failed. None: it didn't fail
    _room: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    def ask(self, question: Callable[[Reader], T], limit: float) -> T:
        """The answer. Raises SourceSilent if none comes within `limit` seconds, or if the last question failed less than
        SILENT_PAUSE seconds ago.
        """
        why = self._why
        end = time.monotonic() + limit
        if why is not None and time.monotonic() < self._silent_until:
            raise SourceSilent(why)
        if not self._room.acquire(timeout=limit):
            if why is None:  # the last answer was good, so the backend is only busy: others may ask at once
                raise SourceSilent(_reason(TimeoutError()))
            raise self._silent(TimeoutError())
        answers: SimpleQueue[tuple[Any, Exception | None]] = SimpleQueue()
        thread = threading.Thread(target=self._answer, args=(question, answers), name="results", daemon=True)
        try:
            thread.start()
        except RuntimeError as exc:  # this process can't have another thread now
            self._room.release()
            raise self._silent(exc) from exc
        try:
            answer, problem = answers.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            raise self._silent(TimeoutError()) from None
        if problem is not None:
            raise self._silent(problem) from problem
        self._why = None
        found: T = answer
        return found

    def _answer(self, question: Callable[[Reader], T], answers: "SimpleQueue[tuple[Any, Exception | None]]") -> None:
        try:
            if self._reader is None:
                self._reader = reader(self.app)
            answers.put((question(self._reader), None))
        except Exception as exc:  # noqa: BLE001  # whatever the backend's client raises
            answers.put((None, exc))
        finally:
            self._room.release()
            connections.close_all()  # a backend over Django's cache may have opened some in this thread

    def _silent(self, problem: Exception) -> SourceSilent:
        """The exception for a failed question. Begins the pause."""
        self._why = _reason(problem)
        self._silent_until = time.monotonic() + SILENT_PAUSE
        return SourceSilent(self._why)


def _reason(problem: Exception) -> Reason:
    """Our own reason, or one with the error's name only: the error's text may hold an address with a password."""
    if isinstance(problem, SourceSilent):
        return problem.reason
    return Reason(code=Code.SOURCE_SILENT, params={"error": type(problem).__name__})


@cache
def line(app: Celery) -> Line:
    pause = min(LATE_PAUSE, (kinds.life(app) or LATE_PAUSE * 4) / 4)
    return Line(app, WorkLimit(share=SHARE, pause=pause))


os.register_at_fork(after_in_child=line.cache_clear)  # a connection belongs to one process
