"""Reads outcomes from Celery's result backend by task id: from Redis, a cache, files, a database of SQLAlchemy, …

The platform's own backend object isn't used: it waits for minutes if its server is silent, and it unpickles.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar, TypeVar

from celery import Celery
from celery.states import PENDING
from django.utils import timezone

from bot.broker.outcomes import kinds
from bot.broker.outcomes.readers import Answer, reader
from bot.broker.outcomes.shown import outcome, readable_value
from bot.broker.outcomes.watched import Tokens, Turns, ended_runs, open_runs
from bot.core.model import LastRun, Outcome, Schedule, Source, TaskId
from bot.core.ports import SourceSilent
from bot.core.reasons import Code, Reason
from bot.core.status import AWAITED, RunState

log = logging.getLogger(__name__)

T = TypeVar("T")
CHUNK = 500  # task ids in one question
NEWS = 500  # outcomes per pass
SHARE = 0.05  # of the time, for asking about all open runs
SINGLE_PAUSE = 2.0  # seconds between two questions about a run, where each run costs a question of its own
LATE_PAUSE = 60.0  # seconds between two questions about a run that is overdue or has ended
SILENT_PAUSE = 2.0  # seconds until a silent backend is asked again


@dataclass
class BackendOutcomes:
    """Outcomes over a result backend. Threads may share it."""

    app: Celery
    source: ClassVar = Source.BACKEND
    _open: Turns = field(init=False)
    _late: Turns = field(default_factory=lambda: Turns(share=SHARE, pause=LATE_PAUSE))
    _silent_until: float = float("-inf")  # monotonic
    _why: Reason | None = None

    def __post_init__(self) -> None:
        pause = 0.0 if kinds.is_batched(self.app) else SINGLE_PAUSE
        self._open = Turns(share=SHARE, pause=pause)

    @property
    def life(self) -> float | None:
        return kinds.life(self.app)

    def changed(self) -> list[Outcome]:
        found = self._open.take(lambda: self._news(open_runs(self.source, AWAITED))) or []
        return found + (self._late.take(lambda: self._news(self._old_ones())) or [])

    def of(self, task: TaskId) -> list[Outcome]:
        return self._asked(lambda: list(self._outcomes(self._answers([task]))))

    def last_run(self, schedule: Schedule) -> LastRun | None:  # noqa: ARG002  # a backend knows task ids only
        return None

    def _old_ones(self) -> Tokens:
        return open_runs(self.source, [RunState.OVERDUE]) | ended_runs(self.source)

    def _news(self, watched: Tokens) -> list[Outcome]:
        if not watched:
            return []
        return self._asked(lambda: list(islice(self._outcomes(self._changes(watched)), NEWS)))

    def _changes(self, watched: Tokens) -> Iterator[Answer]:
        return (one for one in self._answers(watched) if watched[one.task] != one.token)

    def _answers(self, tasks: Iterable[str]) -> Iterator[Answer]:
        ids = list(tasks)
        for at in range(0, len(ids), CHUNK):
            yield from reader(self.app).read(ids[at : at + CHUNK])

    def _outcomes(self, answers: Iterable[Answer]) -> Iterator[Outcome]:
        for answer in answers:
            try:
                found = _outcome(answer)
            except Exception:  # one task's odd result must not hide those of others
                log.exception("the result of task %s can't be read", answer.task)
            else:
                if found is not None:
                    yield found

    def _asked(self, ask: Callable[[], T]) -> T:
        """Raises SourceSilent, for some seconds without asking again."""
        if self._why is not None and time.monotonic() < self._silent_until:
            raise SourceSilent(self._why)
        try:
            return ask()
        except Exception as exc:  # whatever the backend's client raises
            # Only the error's name: its text may hold an address with a password.
            why = self._why = Reason(code=Code.SOURCE_SILENT, params={"error": type(exc).__name__})
            self._silent_until = time.monotonic() + SILENT_PAUSE
            raise SourceSilent(why) from exc


def _outcome(answer: Answer) -> Outcome | None:
    """None: the backend knows nothing of this task."""
    meta = answer.meta()
    status, result = str(meta.get("status") or PENDING), meta.get("result")
    if status == PENDING and result is None:
        return None
    return outcome(
        answer.task,
        status,
        answer.token,
        _moment(meta.get("date_done")) or timezone.now(),
        text=readable_value(result, status),
        traceback=str(meta.get("traceback") or ""),
        worker=str(meta.get("worker") or ""),
    )


def _moment(value: Any) -> datetime | None:
    """Celery writes when a task ended, as text, in UTC unless it names a zone."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
