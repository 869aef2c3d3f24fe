"""What became of tasks, read from django-celery-results' `TaskResult` rows: one query a pass, whatever the history.

The row is the only witness: `PENDING` proves nothing, `date_done` moves with every write (it is `auto_now`), and a task
that ignores its result, or raises Ignore or Reject, leaves no row at all.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_celery_results.models import TaskResult

from bot.core.model import Outcome, TaskId
from bot.core.status import OPEN
from bot.core.text import clean, clip, clip_start
from bot.models import Run, database_of

RESULT_LIMIT = 3000  # characters kept of a result; the whole stays in the results table
TRACEBACK_LIMIT = 6000  # characters kept of a traceback's end
TRACER = "celery/app/trace.py"
CARETS = re.compile(r"\s+[~^]+\s*")
BATCH = 500  # outcomes a pass; SQLite allows 999 parameters in older builds


@dataclass
class BeatOutcomes:
    """Outcomes over the results table."""

    def changed(self) -> list[Outcome]:
        """Open runs whose result row was written since it was last recorded, oldest run first."""
        ids = _changed_here() if database_of(Run) == database_of(TaskResult) else _changed_elsewhere()
        return [_outcome(row) for row in _results().filter(task_id__in=ids)] if ids else []

    def of(self, task: TaskId) -> list[Outcome]:
        return [_outcome(row) for row in _results().filter(task_id=task)]


def _results() -> QuerySet[TaskResult]:
    """From where they are written: a replica may lag behind."""
    return TaskResult.objects.using(database_of(TaskResult))


def _changed_here() -> list[str]:
    """Task ids, in one query.

    Exists instead of a join: SQLite without ANALYZE plans a join with a condition on the status around the status
    index, which grows with history.
    """
    rows = _results().filter(task_id=OuterRef("task_id"))
    news = rows.filter(Q(date_done__gt=OuterRef("seen_at")) | Q(date_done__lt=OuterRef("seen_at")))
    unseen = Q(seen_at=None) & Exists(rows)
    watched = Run.objects.filter(state__in=OPEN).filter(unseen | Exists(news)).order_by("pk")
    return list(watched.values_list("task_id", flat=True)[:BATCH])


def _changed_elsewhere() -> list[str]:
    """Task ids, where a router keeps the results in another database than our runs: no query can see both."""
    seen = list(Run.objects.filter(state__in=OPEN).order_by("pk").values_list("task_id", "seen_at"))
    changed: list[str] = []
    for batch in (dict(seen[at : at + BATCH]) for at in range(0, len(seen), BATCH)):
        written = _results().filter(task_id__in=batch).values_list("task_id", "date_done")
        changed += [task_id for task_id, at in written if at != batch[task_id]]
    return changed[:BATCH]


def _outcome(row: TaskResult) -> Outcome:
    text = readable(row.result, row.status)
    return Outcome(
        task_id=TaskId(row.task_id),
        status=row.status,
        at=row.date_done,
        started_at=getattr(row, "date_started", None),
        # Cleaned: NUL and half characters, which databases refuse, stand escaped in JSON.
        result=clean(clip(text, RESULT_LIMIT)),
        result_length=len(text),
        traceback=clean(clip_start(own_frames(row.traceback or ""), TRACEBACK_LIMIT)),
        worker=getattr(row, "worker", None) or "",
    )


def readable(stored: str | None, status: str) -> str:
    """The stored result as a person reads it: text as it is, other JSON indented, an exception as `Type: message`.

    Before the end it is what the task says of its progress; Celery's own note on the worker (STARTED) says nothing.
    """
    if not stored or stored == "null" or status == "STARTED":
        return ""
    try:
        value = json.loads(stored)
        if isinstance(value, dict) and status != "SUCCESS":
            return exception(value) if "exc_type" in value else progress(value)
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):  # another serializer's, or nested too deep
        return stored


def own_frames(traceback: str) -> str:
    """Without the frames of Celery's tracer, which every traceback begins with, and Python's lines of carets."""
    kept: list[str] = []
    skipping = False
    for line in traceback.splitlines():
        if not line.startswith("    "):  # a frame's first line, or text around the frames
            skipping = TRACER in line
        if not skipping and not CARETS.fullmatch(line):
            kept.append(line)
    return "\n".join(kept)


def progress(meta: dict[str, Any]) -> str:
    """`3 of 10, part 4`: the usual names for done and total are put together, the rest is named."""
    rest = dict(meta)
    done = next((rest.pop(name) for name in ("done", "current", "processed") if name in rest), None)
    total = rest.pop("total", None) if done is not None else None
    parts = [] if done is None else [f"{done}" if total is None else f"{done} of {total}"]
    for name, value in rest.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        parts.append(text if name in ("note", "message", "description") else f"{name}: {text}")
    return ", ".join(parts)


def exception(value: dict[str, Any]) -> str:
    """Celery's JSON form of an exception (celery/backends/base.py, prepare_exception)."""
    message = value.get("exc_message")
    parts = message if isinstance(message, list) else [message]
    text = ", ".join(
        part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts if part is not None
    )
    return f"{value['exc_type']}: {text}" if text else str(value["exc_type"])
