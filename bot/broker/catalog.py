"""The schedules there are, read from django-celery-beat's `PeriodicTask` rows. Reads only: a row is never saved.

beat's own `ModelEntry(row)` disables and saves a row whose JSON is bad (django_celery_beat/schedulers.py), so it is not
used here.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from inspect import Signature
from itertools import chain, islice
from typing import Any

from celery import Celery
from django.db import connections, router
from django.db.models import F, Model, QuerySet, Subquery, Value
from django.db.models.functions import NullIf
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)
from django_celery_results.models import TaskResult

from bot.broker.words import when
from bot.core import search, signature
from bot.core.model import Brief, LastRun, Matches, Schedule, ScheduleId
from bot.prepared import Gap, Prepared, columns

log = logging.getLogger(__name__)

CLOCKS: dict[str, type[Model]] = {  # in the order in which `words.when` asks
    "crontab": CrontabSchedule,
    "interval": IntervalSchedule,
    "clocked": ClockedSchedule,
    "solar": SolarSchedule,
}
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
# Changes that beat isn't told of (`QuerySet.update`, `bulk_create`, SQL) are seen after this many seconds.
UNTOLD = 5.0
PATIENCE = (
    0.05  # seconds: a table that takes longer to read is read aside, and who searches meanwhile gets what was there
)
HANGS = 1.0  # seconds without an end of reading a small table: its connection is dead, and may be for hours
REST = 20  # times as long as reading took: so often at most is a big table read
WALK = 1000  # rows
CHUNK = 500  # rows, about a millisecond; then other threads may go first

LARGEST_ID = 2**63 - 1  # that a database takes; a forged one may be larger


def _clock(model: type[Model]) -> Prepared:
    rows = model._default_manager  # noqa: SLF001  # documented
    return Prepared(lambda: rows.filter(pk=Gap("clock")).values_list(*columns(model)))


# The newest TaskResult of a name (`_newest_result`); LATELY: among the newest of all.
NAME = F("periodic_task_name")
NAME_WITHOUT_INDEX = NullIf(NAME, Value(""))  # the same for whatever has a name
NAMED = Prepared(lambda: _named().order_by("-pk")[:1])
NAMED_LATELY = Prepared(lambda: _named(NAME_WITHOUT_INDEX).filter(pk__gt=_newest() - WALK).order_by("-pk")[:1])
NAMED_BY_NAME = Prepared(lambda: _named().order_by((F("pk") + 0).desc())[:1])
READ = ("pk", "enabled", "description", *(f"{kind}_id" for kind in CLOCKS), *SENT_FIELDS)
ROW = Prepared(lambda: PeriodicTask.objects.filter(pk=Gap("schedule")).values_list(*READ))
# All of them, sorted by the database: then there is little left to sort for us.
ROWS = Prepared(lambda: PeriodicTask.objects.order_by("name").values_list("pk", "name", "task", "enabled"))
ANY_ROW = Prepared(lambda: PeriodicTask.objects.values_list("pk")[:1])
CLOCK = {kind: _clock(model) for kind, model in CLOCKS.items()}


@dataclass(frozen=True)
class _Held:
    """All names, as of one state of the table."""

    index: search.Index = field(default_factory=search.Index)
    stamp: datetime | None = None  # beat's own mark of the last change
    content: int = 0  # tells whether anything is different
    read_at: float = float("-inf")  # monotonic
    took: float = 0.0  # seconds


@dataclass
class BeatCatalog:
    """Catalog over the `PeriodicTask` table; safe to share between threads."""

    app: Celery
    _held: _Held = field(default_factory=_Held)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def get(self, schedule: ScheduleId) -> Schedule | None:
        if schedule > LARGEST_ID:
            return None
        row = ROW.first(_alias(), schedule=schedule)
        return None if row is None else _schedule(dict(zip(READ, row, strict=True)))

    def is_empty(self) -> bool:
        """Where some have been read, there are some: not asked for again at every command."""
        return not self._held.index.rows and not ANY_ROW.rows(_alias())

    def find(self, query: str, limit: int) -> Matches:
        return self.index().search(query, limit)

    def named(self, typed: str) -> tuple[Brief | None, int]:
        return self.index().named(typed)

    def when(self, schedule: Schedule) -> str:
        # Asked for by itself: who presses Run needn't wait for it, and PostgreSQL plans a join of five tables for longer
        # than it takes to ask twice.
        if schedule.clock is None:
            return when(PeriodicTask())
        kind, key = schedule.clock
        found = CLOCK[kind].first(_alias(), clock=key)
        if found is None:  # deleted since, and the schedule with it
            return "no schedule"
        return when(PeriodicTask(**{kind: CLOCKS[kind].from_db(_alias(), columns(CLOCKS[kind]), found)}))

    def last_run(self, schedule: Schedule) -> LastRun | None:
        """By beat or by us: results carry the schedule's name (`result_extended`)."""
        row = _newest_result(schedule.name)
        return None if row is None else LastRun(status=row[0], at=row[1])

    def signature(self, task: str) -> Signature | None:
        """None if the task isn't registered in this process, or asks Celery not to check (`typing=False`)."""
        registered = self.app.tasks.get(task)
        return signature.of(registered.run) if registered is not None and registered.typing else None

    def index(self) -> search.Index:
        """As fresh as beat's own mark says, which each saved or deleted schedule moves; one short query.

        Nobody waits for a big table, except for the first reading. What is picked from an index that is out of date is
        looked up in the table again.
        """
        stamp = PeriodicTasks.last_change()
        held, age = self._held, time.monotonic() - self._held.read_at
        if stamp == held.stamp and age <= max(UNTOLD, REST * held.took):
            return held.index
        if held.took < PATIENCE:
            # One thread reads the table, not each that noticed. But for the first time it is soon done: who isn't hangs.
            has_turn = self._reading.acquire(timeout=-1 if held.stamp is None else HANGS)
            try:
                if self._held is held:
                    self._read(stamp)
            finally:
                if has_turn:
                    self._reading.release()
            return self._held.index
        if age > REST * held.took and self._reading.acquire(blocking=False):
            threading.Thread(target=self._read_aside, args=(stamp,), name="read-schedules", daemon=True).start()
        return held.index

    def read_first(self) -> None:
        """Once, from a thread that has no other use for the database."""
        if self._held.stamp is None:
            try:
                self.index()
            finally:
                connections.close_all()

    def _read(self, stamp: datetime | None) -> None:
        began = time.monotonic()
        rows = search.Rows.of(_giving_way(chain.from_iterable(ROWS.chunks(_alias()))))
        content, held = _content(rows), self._held
        index = held.index if content == held.content else search.Index.of(_giving_way(rows))
        now = time.monotonic()
        self._held = _Held(index, stamp, content, read_at=now, took=now - began)

    def _read_aside(self, stamp: datetime | None) -> None:
        try:
            self._read(stamp)
        except Exception:  # the database is away: the next search tries again
            log.exception("the schedules could not be read")
        finally:
            connections.close_all()
            self._reading.release()


def _alias() -> str:
    return router.db_for_read(PeriodicTask)


def _named(name: F | NullIf = NAME) -> QuerySet[TaskResult, tuple[Any, ...]]:
    return TaskResult.objects.alias(of=name).filter(of=Gap("name")).values_list("status", "date_done")


def _newest() -> Subquery:
    return Subquery(TaskResult.objects.order_by("-pk").values("pk")[:1])


def _newest_result(schedule: str) -> tuple[str, datetime] | None:
    """By the index of names, which SQLite and MariaDB keep in the order of the primary key.

    PostgreSQL would rather walk down the primary key until it meets the name: through the whole table, for a schedule
    without results. So that walk is bounded, and can't go by the index of names, which a wrong guess would take for a
    frequent name; after it that index is the only one left. Were both one query, PostgreSQL would compile (JIT) it for
    what the second half might cost, also where the first answers.
    """
    alias = router.db_for_read(TaskResult)
    if connections[alias].vendor == "postgresql":
        return NAMED_LATELY.first(alias, name=schedule) or NAMED_BY_NAME.first(alias, name=schedule)
    return NAMED.first(alias, name=schedule)


def _giving_way(rows: Iterable[search.Row]) -> Iterator[search.Row]:
    """Else this thread would keep the interpreter for 5 ms at a time, and an answer to Slack needs it many times."""
    for number, row in enumerate(rows, 1):
        if number % CHUNK == 0:
            time.sleep(0)
        yield row


def _content(rows: search.Rows) -> int:
    """The same for the same rows in this process."""
    content, left = len(rows), iter(rows)
    while some := tuple(islice(left, CHUNK)):
        content = hash((content, some))
    return content


def _schedule(row: Mapping[str, Any]) -> Schedule:
    return Schedule(
        id=ScheduleId(row["pk"]),
        enabled=row["enabled"],
        clock=next(((kind, key) for kind in CLOCKS if (key := row[f"{kind}_id"]) is not None), None),
        description=row["description"],
        fingerprint=_fingerprint(row),
        **{name: row[name] for name in SENT_FIELDS if name != "headers"},
        headers=row["headers"] or "",  # beat's save() turns a blank into NULL
    )


def _fingerprint(row: Mapping[str, Any]) -> str:
    """Changes with whatever is sent. Not `date_changed`: beat's own bookkeeping moves that at every run."""
    values = json.dumps([row[name] for name in SENT_FIELDS], default=str)
    return hashlib.sha256(values.encode()).hexdigest()[:16]
