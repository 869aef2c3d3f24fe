"""The schedules there are, read from django-celery-beat's `PeriodicTask` rows. Reads only: a row is never saved.

beat's own `ModelEntry(row)` disables and saves a row whose JSON is bad (django_celery_beat/schedulers.py), so it is not
used here.
"""

import hashlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import Signature

from celery import Celery
from django.db.models import Count, Max
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from bot.broker.words import when
from bot.core import search, signature
from bot.core.model import Brief, LastRun, Matches, Schedule, ScheduleId

SENT_FIELDS = (
    "name",
    "task",
    "args",
    "kwargs",
    "queue",
    "exchange",
    "routing_key",
    "priority",
    "expires",
    "expire_seconds",
    "headers",
)
# A rename by `QuerySet.update` moves no date; it is seen after this many seconds.
ENTRIES_TTL = 5.0

Stamp = tuple[int, int | None, datetime | None]


@dataclass
class _Entries:
    """All names, sorted and folded for searching, as of one state of the table."""

    stamp: Stamp | None = None
    read_at: float = float("-inf")
    entries: Sequence[search.Entry] = ()


@dataclass
class BeatCatalog:
    """Catalog over the `PeriodicTask` table; safe to share between threads."""

    app: Celery
    _held: _Entries = field(default_factory=_Entries)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, schedule: ScheduleId) -> Schedule | None:
        rows = PeriodicTask.objects.select_related("crontab", "interval", "solar", "clocked")
        row = rows.filter(pk=schedule).first()
        return None if row is None else _schedule(row)

    def find(self, query: str, limit: int) -> Matches:
        return search.search(self._entries(), query, limit)

    def named(self, typed: str) -> tuple[Brief | None, int]:
        return search.preselected(self._entries(), typed)

    def last_run(self, schedule: Schedule) -> LastRun | None:
        """By beat or by us: results carry the schedule's name (`result_extended`)."""
        newest = TaskResult.objects.filter(periodic_task_name=schedule.name).order_by("-id")
        row = newest.values_list("status", "date_done").first()
        return None if row is None else LastRun(status=row[0], at=row[1])

    def signature(self, task: str) -> Signature | None:
        """None if the task isn't registered in this process, or asks Celery not to check (`typing=False`)."""
        registered = self.app.tasks.get(task)
        return signature.of(registered.run) if registered is not None and registered.typing else None

    def _entries(self) -> Sequence[search.Entry]:
        """Read anew when rows came, went or were saved; the stamp costs one aggregate query."""
        counted = PeriodicTask.objects.aggregate(n=Count("pk"), last=Max("pk"), changed=Max("date_changed"))
        stamp: Stamp = (counted["n"], counted["last"], counted["changed"])
        held = self._held
        if held.stamp != stamp or time.monotonic() - held.read_at > ENTRIES_TTL:
            with self._lock:  # one thread reads the table, not each that noticed
                if self._held is held:
                    self._held = _Entries(stamp, time.monotonic(), _read_entries())
                held = self._held
        return held.entries


def _read_entries() -> list[search.Entry]:
    rows = PeriodicTask.objects.values_list("pk", "name", "task", "enabled")
    briefs = (Brief(id=ScheduleId(pk), name=name, task=task, enabled=enabled) for pk, name, task, enabled in rows)
    return sorted(map(search.entry, briefs), key=lambda entry: (entry.name, entry.brief.id))


def _schedule(row: PeriodicTask) -> Schedule:
    return Schedule(
        id=ScheduleId(row.pk),
        enabled=row.enabled,
        when=when(row),
        description=row.description,
        fingerprint=_fingerprint(row),
        **{name: getattr(row, name) for name in SENT_FIELDS if name != "headers"},
        headers=row.headers or "",  # beat's save() turns a blank into NULL
    )


def _fingerprint(row: PeriodicTask) -> str:
    """Changes with whatever is sent. Not `date_changed`: beat's own bookkeeping moves that at every run."""
    values = json.dumps([getattr(row, name) for name in SENT_FIELDS], default=str)
    return hashlib.sha256(values.encode()).hexdigest()[:16]
