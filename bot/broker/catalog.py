"""Reads schedules from django-celery-beat's `PeriodicTask` rows. Never saves one.

beat's own `ModelEntry(row)` isn't used: it disables and saves a row whose JSON is bad (django_celery_beat/schedulers.py).
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import Signature
from itertools import chain, islice
from typing import Any

from celery import Celery
from django.db import connections, router
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from bot.broker import calls, clocks
from bot.broker.clocks import CLOCKS
from bot.broker.words import when
from bot.core import search
from bot.core.globs import Globs
from bot.core.ids import is_id
from bot.core.model import Brief, Matches, Schedule, ScheduleId
from bot.core.options import COLUMNS
from bot.core.signature import Names
from bot.prepared import Placeholder, Prepared, padded

log = logging.getLogger(__name__)

SENT_FIELDS = ("name", "task", "args", "kwargs", *COLUMNS, "headers")
READ_FIELDS = ("pk", "enabled", "one_off", "description", *(f"{kind}_id" for kind in CLOCKS), *SENT_FIELDS)
BEATS_MARK = 1  # the key of the only row of PeriodicTasks
NEVER = float("-inf")
# `QuerySet.update`, `bulk_create` and SQL change the table, but not beat's mark. If the last reading is older than this, a search
# reads the table again, so that it finds such changes. A large table is read less often (REST).
UNMARKED_CHANGES = 5.0  # seconds
# If the last reading took less, a search waits for the next one. Otherwise the table is read in the background.
READ_IN_SEARCH = 0.05  # seconds
HANGING = 1.0  # seconds; if reading a small table takes longer, the connection is dead, and this may go on for hours
REST = 20  # a large table is read again after 20 times as long as its last reading took
CHUNK = 500  # rows; reading them takes about a millisecond, then other threads get the interpreter


ROW = Prepared(lambda: PeriodicTask.objects.filter(pk=Placeholder("schedule")).values_list(*READ_FIELDS))
# The database sorts the rows, so that the index has little left to sort.
ROWS = Prepared(lambda: PeriodicTask.objects.order_by("name").values_list("pk", "name", "task", "enabled"))
MARK = Prepared(lambda: PeriodicTasks.objects.filter(pk=BEATS_MARK).values_list("last_update"))
ANY_ROW = Prepared(lambda: PeriodicTask.objects.values_list("pk")[:1])


@dataclass(frozen=True)
class _Held:
    """The index of all schedules, made from one state of the table."""

    index: search.Index = field(default_factory=search.Index)
    mark: datetime | None = None  # beat's own mark of the last change
    content: int = 0  # a hash of the rows
    read_at: float = NEVER  # seconds of the monotonic clock
    took: float = 0.0  # seconds for reading the table


@dataclass
class BeatCatalog:
    """Catalog over the `PeriodicTask` table. Threads may share it."""

    app: Celery
    _held: _Held = field(default_factory=_Held)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def get(self, schedule: ScheduleId) -> Schedule | None:
        if not is_id(schedule):
            return None
        row = ROW.first(_alias(), schedule=schedule)
        return None if row is None else _schedule(dict(zip(READ_FIELDS, row, strict=True)))

    def is_empty(self) -> bool:
        """Whether there are no schedules. Makes no query if the index has rows."""
        return not self._held.index.rows and not ANY_ROW.rows(_alias())

    def find(self, query: str, limit: int, hidden: tuple[Globs, ...] = ()) -> Matches:
        return self.index().without(hidden).search(query, limit)

    def named(self, typed: str, hidden: tuple[Globs, ...] = ()) -> tuple[Brief | None, int]:
        return self.index().without(hidden).named(typed)

    def ids(self, hidden: tuple[Globs, ...] = ()) -> Sequence[int]:
        return self.index().without(hidden).rows.ids

    def briefs(self, schedules: Collection[ScheduleId]) -> list[Brief]:
        """Reads the table, not the index: a process that only delivers has no index."""
        if not schedules:
            return []
        rows = PeriodicTask.objects.using(_alias()).filter(pk__in=padded(schedules)).order_by()
        return [
            Brief(id=ScheduleId(pk), name=name, task=task, enabled=enabled)
            for pk, name, task, enabled in rows.values_list("pk", "name", "task", "enabled")
        ]

    def when(self, schedule: Schedule) -> str:
        # A separate query, as a press of Run doesn't need the times. PostgreSQL takes longer to plan a join of five tables
        # than to answer two queries.
        if schedule.clock is None:
            return when(PeriodicTask(), self.app)
        kind, key = schedule.clock
        found = clocks.of(kind, key, _alias())
        if found is None:  # deleted meanwhile, together with the schedule
            return "no schedule"
        clock, unknown_zone = found
        return when(PeriodicTask(one_off=schedule.is_one_off, **{kind: clock}), self.app, unknown_zone)

    def signature(self, task: str) -> Signature | None:
        return calls.signature(self.app, task)

    def names(self, task: str) -> Names:
        return calls.names(self.app, task)

    def index(self) -> search.Index:
        """The index of all schedules. One short query asks if beat's own mark of changes has moved.

        Every saved or deleted schedule moves that mark. Only the first search waits for a large table. Later searches use
        the old index while the table is read. A schedule that is picked from an old index is read from the table again.
        """
        mark, *_ = MARK.first(_alias()) or (None,)
        held = self._held
        age = time.monotonic() - held.read_at
        if mark == held.mark and age <= max(UNMARKED_CHANGES, REST * held.took):
            return held.index
        if held.took < READ_IN_SEARCH:
            # One thread reads the table for all. The first reading may take long. If a later one does, it hangs, and this thread
            # reads the table, too.
            has_turn = self._reading.acquire(timeout=-1 if held.read_at == NEVER else HANGING)
            try:
                if self._held is held:
                    self._read(mark)
            finally:
                if has_turn:
                    self._reading.release()
            return self._held.index
        if age > REST * held.took and self._reading.acquire(blocking=False):
            self._begin_reading(mark)
        return held.index

    def read_first(self) -> None:
        """Reads the table before the first search. Closes the thread's database connections afterwards."""
        if self._held.read_at == NEVER:
            try:
                self.index()
            finally:
                connections.close_all()

    def _read(self, mark: datetime | None) -> None:
        began = time.monotonic()
        rows = search.Rows.of(_yielding(chain.from_iterable(ROWS.chunks(_alias()))))
        content = _content(rows)
        held = self._held
        index = held.index if content == held.content else search.Index.of(_yielding(rows))
        now = time.monotonic()
        self._held = _Held(index, mark, content, read_at=now, took=now - began)

    def _begin_reading(self, mark: datetime | None) -> None:
        """Starts a thread that reads the table. The caller has acquired `_reading`; the thread releases it."""
        reader = threading.Thread(target=self._read_in_background, args=(mark,), name="read-schedules", daemon=True)
        try:
            reader.start()
        except RuntimeError:  # no thread can be started now: the next search tries again
            self._reading.release()
            log.exception("the schedules could not be read")

    def _read_in_background(self, mark: datetime | None) -> None:
        try:
            self._read(mark)
        except Exception:  # the database can't be reached: the next search tries again
            log.exception("the schedules could not be read")
        finally:
            self._reading.release()
            connections.close_all()


def _alias() -> str:
    """The database that schedules are written to. A replica may lack a change that somebody has just made."""
    return router.db_for_write(PeriodicTask)


def _yielding(rows: Iterable[search.Row]) -> Iterator[search.Row]:
    """Pauses after each chunk. Otherwise this thread would hold the interpreter for 5 ms at a time and delay answers to Slack."""
    for number, row in enumerate(rows, 1):
        if number % CHUNK == 0:
            time.sleep(0)
        yield row


def _content(rows: search.Rows) -> int:
    """A hash of the rows. Equal rows have equal hashes within this process."""
    content = len(rows)
    remaining = iter(rows)
    while chunk := tuple(islice(remaining, CHUNK)):
        content = hash((content, chunk))
    return content


def _schedule(row: Mapping[str, Any]) -> Schedule:
    return Schedule(
        id=ScheduleId(row["pk"]),
        enabled=row["enabled"],
        is_one_off=row["one_off"],
        clock=next(((kind, key) for kind in CLOCKS if (key := row[f"{kind}_id"]) is not None), None),
        description=row["description"],
        fingerprint=_fingerprint(row),
        columns={name: row[name] for name in COLUMNS},
        headers=row["headers"] or "",  # beat's save() turns a blank into NULL
        **{name: row[name] for name in ("name", "task", "args", "kwargs")},
    )


def _fingerprint(row: Mapping[str, Any]) -> str:
    """A digest of everything that is sent. `date_changed` can't replace it, because beat changes that column at every run."""
    values = json.dumps([row[name] for name in SENT_FIELDS], default=str)
    return hashlib.sha256(values.encode()).hexdigest()[:16]
