"""Reads outcomes from Celery's result backend by task id: from Redis, a cache, files, a database of SQLAlchemy, …

The platform's own backend object isn't used: it waits for minutes if its server is silent, and it unpickles.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar

from celery import Celery
from celery.states import PENDING

from bot.broker.outcomes import kinds
from bot.broker.outcomes.dates import as_django
from bot.broker.outcomes.line import SHARE, line
from bot.broker.outcomes.readers import Answer, Compressed, Reader
from bot.broker.outcomes.shown import outcome, readable_value
from bot.broker.outcomes.watched import Tokens, ended_runs, open_runs
from bot.core.model import Outcome, Source, TaskId
from bot.core.pauses import Pauses, WorkLimit
from bot.core.ports import Outcomes
from bot.core.reasons import Code, Reason
from bot.core.status import AWAITED, RunState
from bot.runs import clock

log = logging.getLogger(__name__)

CHUNK = 500  # task ids in one question about runs before their deadline
LATE_CHUNK = 20  # task ids in one question about overdue and ended runs: ended tasks have longer answers
NEWS = 500  # outcomes per pass, at most
SINGLE_PAUSE = 2.0  # seconds between two passes over these runs, if the backend needs one request for each run
FORM_LIMIT = 0.5  # seconds for an answer while a person waits
PASS_LIMIT = 10.0  # seconds for an answer in the watcher's own thread
# Unreadable results that were reported lately, by token. Each is reported again later: the database may have been unavailable.
_unreadable = Pauses(600.0)


@dataclass
class BackendOutcomes(Outcomes):
    """Outcomes over a result backend, which knows task ids and no schedules. Threads may share it."""

    app: Celery
    source: ClassVar = Source.BACKEND
    _awaited: WorkLimit = field(init=False)

    def __post_init__(self) -> None:
        self._awaited = WorkLimit(share=SHARE, pause=0.0 if kinds.is_batched(self.app) else SINGLE_PAUSE)

    @property
    def life(self) -> float | None:
        return kinds.life(self.app)

    def changed(self) -> list[Outcome]:
        """Outcomes of runs whose result has changed since it was recorded.

        Runs before their deadline come first, then overdue ones, then ended ones. In each group, chunks of older runs come first.
        """
        found = self._awaited.do(lambda: self._news(open_runs(self.source, AWAITED), CHUNK)) or []
        return found + (line(self.app).late.do(lambda: self._news(self._late_runs(), LATE_CHUNK)) or [])

    def of(self, task: TaskId) -> list[Outcome]:
        return line(self.app).ask(lambda reader: list(_outcomes(reader.read([task]))), FORM_LIMIT)

    def reach(self, within: float) -> None:
        """Raises SourceSilent if the backend doesn't answer within `within` seconds."""
        line(self.app).ask(lambda reader: list(reader.read(["runtask-nothing"])), within)

    def _late_runs(self) -> Tokens:
        return open_runs(self.source, [RunState.OVERDUE]) | ended_runs(self.source)

    def _news(self, watched: Tokens, chunk: int) -> list[Outcome]:
        if not watched:
            return []
        return line(self.app).ask(
            lambda reader: list(islice(_outcomes(_changes(reader, watched, chunk)), NEWS)), PASS_LIMIT
        )


def _changes(reader: Reader, watched: Tokens, chunk: int) -> Iterator[Answer]:
    ids = list(watched)
    for start in range(0, len(ids), chunk):
        for answer in reader.read(ids[start : start + chunk]):
            if watched[answer.task] != answer.token:
                yield answer


def _outcomes(answers: Iterable[Answer]) -> Iterator[Outcome]:
    for answer in answers:
        try:
            found = _outcome(answer)
        except Exception as exc:  # one task's odd result must not hide the results of others
            if not _unreadable.waits(answer.token):
                _unreadable.begin(answer.token)
                log.exception("the result of task %s can't be read", answer.task)
                yield _unread(answer, exc)
        else:
            if found is not None:
                yield found


def _outcome(answer: Answer) -> Outcome | None:
    """The outcome in an answer. None: the status is `PENDING`, which says nothing, even if somebody has stored it."""
    meta = answer.meta()
    status = _text(meta.get("status")) or PENDING
    if status == PENDING:
        return None
    return outcome(
        answer.task,
        status,
        answer.token,
        _moment(meta.get("date_done")) or clock.last(),
        text=readable_value(meta.get("result"), status),
        traceback=_text(meta.get("traceback")),
        worker=_text(meta.get("worker")),
    )


def _unread(answer: Answer, problem: Exception) -> Outcome:
    if isinstance(problem, Compressed):
        why = Reason(code=Code.RESULT_COMPRESSED, params={"method": str(problem)})
    else:
        why = Reason(code=Code.RESULT_UNREADABLE, params={"error": type(problem).__name__})
    return Outcome(task_id=TaskId(answer.task), status=PENDING, token=answer.token, at=clock.last(), unreadable=why)


def _text(value: Any) -> str:
    """The value if it is a text, otherwise an empty text: anything else is nonsense, and its `str` may be very long."""
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    """The time at which a task ended. Celery writes it as text, in UTC unless it names a zone. None: no date, or nonsense."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return as_django(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError):
        return None
