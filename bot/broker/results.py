"""Reads outcomes from django-celery-results' `TaskResult` rows. The cost of a pass doesn't grow with history.

`PENDING` proves nothing, `date_done` moves with every write (it is `auto_now`), and a task that ignores its result, or
raises Ignore or Reject, leaves no row.
"""

import json
import re
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_celery_results.models import TaskResult

from bot.core.model import Outcome, TaskId
from bot.core.status import OPEN
from bot.core.text import clean, clip, clip_start
from bot.models import Run, database_of
from bot.prepared import padded

RESULT_LIMIT = 3000  # characters kept of a result; the whole stays in the results table
TRACEBACK_LIMIT = 6000  # characters kept of a traceback, from its end
TRACER = "celery/app/trace.py"
CARETS = re.compile(r"\s+[~^]+\s*")
BATCH = 500  # outcomes per pass; older builds of SQLite allow 999 parameters
FULL_SHARE = 100  # a pass over all open runs happens at most every 100 times its own duration
RECENT = timedelta(seconds=3)


@dataclass
class BeatOutcomes:
    """Outcomes over the results table.

    A full pass over all open runs finds every result, even if its date is wrong or it was committed late. But its cost
    grows with the number of open runs, so full passes get at most 1% of the time. The passes between them read only the
    results of the last seconds. With up to some hundred open runs, every pass is full.
    """

    _took: float = 0.0  # seconds, of the last full pass
    _full_at: float = float("-inf")  # monotonic

    def changed(self) -> list[Outcome]:
        """Open runs whose result row has been written since it was recorded, oldest run first."""
        began = time.monotonic()
        if began - self._full_at < FULL_SHARE * self._took:
            ids = _written_lately()
        else:
            ids = _all_open()
            self._full_at = time.monotonic()
            self._took = self._full_at - began
        return [_outcome(row) for row in _results().filter(task_id__in=padded(ids))] if ids else []

    def of(self, task: TaskId) -> list[Outcome]:
        return [_outcome(row) for row in _results().filter(task_id=task)]


def _results() -> QuerySet[TaskResult]:
    """From the database that they are written to: a replica may lag behind."""
    return TaskResult.objects.using(database_of(TaskResult))


def _all_open() -> list[str]:
    """Task ids. Two queries, by states and then by ids, are planned well whatever the statistics are.

    As one join, PostgreSQL may hash the whole results table, and SQLite without ANALYZE uses the index of the results'
    states. A router may also keep the two tables in different databases.
    """
    watched = Run.objects.filter(state__in=OPEN).order_by().values_list("pk", "task_id", "seen_at")
    seen = [(task_id, at) for _, task_id, at in sorted(watched, key=lambda row: row[0])]
    changed: list[str] = []
    for batch in (dict(seen[at : at + BATCH]) for at in range(0, len(seen), BATCH)):
        written = dict(_results().filter(task_id__in=padded(batch)).values_list("task_id", "date_done"))
        changed += [task_id for task_id, at in batch.items() if task_id in written and written[task_id] != at]
    return changed[:BATCH]


def _written_lately() -> list[str]:
    """Task ids, by the index of the results' dates. Costs time per written result, not per open run."""
    lately = _results().filter(date_done__gte=timezone.now() - RECENT).values_list("task_id", "date_done")
    written = list(lately.order_by("date_done"))
    changed: list[str] = []
    for batch in (dict(written[at : at + BATCH]) for at in range(0, len(written), BATCH)):
        runs = Run.objects.filter(task_id__in=padded(batch), state__in=OPEN).order_by("pk")
        changed += [task_id for task_id, at in runs.values_list("task_id", "seen_at") if at != batch[task_id]]
    return changed[:BATCH]


def _outcome(row: TaskResult) -> Outcome:
    text = readable(row.result, row.status)
    # Cleaned: JSON escapes can hold NUL and lone surrogates, which databases refuse.
    return Outcome(
        task_id=TaskId(row.task_id),
        status=row.status,
        at=row.date_done,
        started_at=getattr(row, "date_started", None),
        result=clean(clip(text, RESULT_LIMIT)),
        result_length=len(text),
        traceback=clean(clip_start(own_frames(row.traceback or ""), TRACEBACK_LIMIT)),
        worker=getattr(row, "worker", None) or "",
    )


def readable(stored: str | None, status: str) -> str:
    """The stored result for people: text as it is, other JSON indented, an exception as `Type: message`.

    While the task runs, it is the task's own progress. Celery's note on the worker (STARTED) is left out.
    """
    if not stored or stored == "null" or status == "STARTED":
        return ""
    try:
        value = json.loads(stored)
        if isinstance(value, dict) and status != "SUCCESS":
            return exception(value) if "exc_type" in value else progress(value)
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):  # from another serializer, or nested too deep
        return stored


def own_frames(traceback: str) -> str:
    """Without Celery's own frames, which begin every traceback, and without Python's lines of carets."""
    kept: list[str] = []
    skipping = False
    for line in traceback.splitlines():
        if not line.startswith("    "):  # a frame's first line, or text between frames
            skipping = TRACER in line
        if not skipping and not CARETS.fullmatch(line):
            kept.append(line)
    return "\n".join(kept)


def progress(meta: dict[str, Any]) -> str:
    """`3 of 10, part 4`: the usual names for done and total are joined, other values follow with their names."""
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
