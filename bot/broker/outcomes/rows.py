"""Reads outcomes from django-celery-results' `TaskResult` rows. The cost of a pass doesn't grow with history.

`PENDING` says nothing about a task: a platform may write such rows when it publishes. Every write updates `date_done`
(`auto_now`). A task that ignores its result, or raises Ignore or Reject, writes no row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from celery.states import PENDING
from django.db.models import QuerySet
from django_celery_results.models import TaskResult

from bot.broker.columns import lacking
from bot.broker.outcomes import newest
from bot.broker.outcomes.shown import outcome, readable
from bot.broker.outcomes.watched import Tokens, ended_runs, open_runs
from bot.core.model import LastRun, Outcome, Schedule, Source, TaskId
from bot.core.pauses import WorkLimit
from bot.core.ports import Outcomes
from bot.core.status import OPEN
from bot.models import Run, database_of
from bot.prepared import padded
from bot.runs import clock

BATCH = 500  # outcomes per pass, and ids per query: `padded` makes 512 of them, and older builds of SQLite allow 999 parameters
RECENT = timedelta(seconds=3)  # the age of the results that a quick pass reads
READ = ("task_id", "status", "date_done", "result", "traceback", "worker", "date_started")
PUBLISHING = timedelta(seconds=5)  # the longest time that publishing takes; it ends at `sent_at`


@dataclass
class RowOutcomes(Outcomes):
    """Outcomes over the results table.

    There are two kinds of passes. Full passes ask about every open run, and may take 1 % of the time. With up to some hundred
    open runs, every pass is full. Between full passes, a quick pass reads only results whose date is of the last 3 s. The next
    full pass finds a result with a wrong date, and one that was committed late.
    """

    source: ClassVar = Source.ROWS
    _full: WorkLimit = field(default_factory=lambda: WorkLimit(share=0.01))
    _ended: WorkLimit = field(default_factory=lambda: WorkLimit(share=0.01, pause=60))

    def changed(self) -> list[Outcome]:
        """Outcomes of runs whose result row was written after it was recorded: open runs before ended ones, oldest run first."""
        ids = self._full.do(lambda: _changed(open_runs(Source.ROWS, OPEN)))
        if ids is None:
            ids = _written_lately()
        ids += self._ended.do(lambda: _changed(ended_runs(Source.ROWS))) or []
        ids = ids[:BATCH]
        return _outcomes(_rows().filter(task_id__in=padded(ids))) if ids else []

    def of(self, task: TaskId) -> list[Outcome]:
        return _outcomes(_rows().filter(task_id=task))

    def last_run(self, schedule: Schedule) -> LastRun | None:
        """The newest run, whether beat or runtask sent it: results have the schedule's name (`result_extended`)."""
        return newest.run(schedule.name)


def _results() -> QuerySet[TaskResult]:
    """The results in the database that they are written to: a replica may lag behind."""
    return TaskResult.objects.using(database_of(TaskResult))


def _rows() -> QuerySet[TaskResult, dict[str, Any]]:
    """The columns that outcomes need, without those that an old package or an old table of the platform doesn't have."""
    existing = {one.name for one in TaskResult._meta.concrete_fields} - lacking(TaskResult)  # noqa: SLF001  # documented
    rows: QuerySet[TaskResult, dict[str, Any]] = _results().values(*(name for name in READ if name in existing))
    return rows


def _changed(watched: Tokens) -> list[str]:
    """The ids of tasks whose results have changed since they were recorded.

    `watched` comes from a separate query, because databases plan two simple queries well, whatever their statistics are. For a
    join, PostgreSQL may hash the whole results table, and SQLite without ANALYZE uses the index of the results' statuses. A
    router may also keep the two tables in different databases.
    """
    seen = list(watched.items())
    changed: list[str] = []
    for start in range(0, len(seen), BATCH):
        batch = dict(seen[start : start + BATCH])
        written = _results().filter(task_id__in=padded(batch)).values_list("task_id", "date_done", "status")
        tokens = {task_id: _token(at, status) for task_id, at, status in written if status != PENDING}
        changed += [task_id for task_id, token in batch.items() if tokens.get(task_id, token) != token]
    return changed[:BATCH]


def _written_lately() -> list[str]:
    """The ids of open runs' tasks whose results have changed in the last seconds.

    The cost grows with the number of such results, not with the number of open runs.
    """
    lately = _results().filter(date_done__gte=clock.now() - RECENT).order_by("date_done")
    values = lately.values_list("task_id", "date_done", "status")
    written = [(id_, _token(at, status)) for id_, at, status in values if status != PENDING]
    changed: list[str] = []
    for start in range(0, len(written), BATCH):
        batch = dict(written[start : start + BATCH])
        runs = Run.objects.filter(task_id__in=padded(batch), state__in=OPEN).order_by("pk")
        changed += [task_id for task_id, seen in runs.values_list("task_id", "seen") if seen != batch[task_id]]
    return changed[:BATCH]


def _token(at: datetime, status: str) -> str:
    """The token of a result. It contains the status, because some MySQL columns hold whole seconds only."""
    return f"{at.isoformat()} {status}"


def _outcomes(found: Iterable[dict[str, Any]]) -> list[Outcome]:
    rows = [row for row in found if row["status"] != PENDING]
    sent = _earliest_sending(row["task_id"] for row in rows if row.get("date_started") is not None)
    return [
        _outcome(row, _believed(row.get("date_started"), sent.get(row["task_id"]), row["date_done"])) for row in rows
    ]


def _earliest_sending(tasks: Iterable[str]) -> dict[str, datetime]:
    """The earliest time at which each run's task can have been published. Without tasks, this makes no query."""
    ids = padded(list(tasks))
    runs = Run.objects.filter(task_id__in=ids).order_by().values_list("task_id", "created_at", "sent_at") if ids else ()
    return {task: min(sent, max(asked, sent - PUBLISHING)) if sent else asked for task, asked, sent in runs}


def _believed(began: datetime | None, sent: datetime | None, ended: datetime) -> datetime | None:
    """`date_started`, if it can be true. The database writes it (`Now()`), and some databases use their session's local time."""
    return began if began is not None and sent is not None and sent <= began <= ended else None


def _outcome(row: dict[str, Any], started_at: datetime | None) -> Outcome:
    status, at = row["status"], row["date_done"]
    return outcome(
        row["task_id"],
        status,
        _token(at, status),
        at,
        text=readable(row["result"], status),
        traceback=row["traceback"] or "",
        worker=row.get("worker") or "",
        started_at=started_at,
    )
