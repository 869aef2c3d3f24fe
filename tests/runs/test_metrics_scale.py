"""The metrics cost as much with a long history as with a short one. Costs are counted in rows or pages, not by a clock."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import Count, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bot.models import AuditRecord, Installation, Notice, Run, SourceHealth
from bot.runs import metrics
from tests.audit import filled
from tests.factories import INSTALLATION, a_run
from tests.runs.test_metrics import notice, refusal

pytestmark = pytest.mark.slow
BASE, DOUBLED = 1000, 4  # rows of each table, and how often they are doubled: 16,000
DAY = timedelta(days=1)
TABLES = (AuditRecord, Notice, Run)
LONG_AGO = {Run: "created_at", Notice: "due_at", AuditRecord: "at"}
UNIQUE = {(Run, "key"), (Run, "task_id"), (Notice, "kind")}


class History:
    """Runs, notices and refusals of the last three months, and some that are open or have just ended."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        before = [now - 2 * DAY - number * 88 * DAY / BASE for number in range(BASE)]
        runs = [
            Run(
                key=f"old {number}",
                task_id=f"old {number}",
                state=("finished", "finished", "finished", "unseen", "not_sent", "withdrawn")[number % 6],
                status="SUCCESS",
                schedule_id=7,
                installation=INSTALLATION,
                created_at=at,
                deadline_at=at,
            )
            for number, at in enumerate(before)
        ]
        Run.objects.bulk_create(runs)
        run = Run.objects.latest("pk")
        Notice.objects.bulk_create(
            Notice(
                run=run,
                kind=str(number),
                rank=0,
                state="parked" if number % 9 == 0 else "sent",
                due_at=at,
                installation=INSTALLATION,
            )
            for number, at in enumerate(before)
        )
        filled([refusal(at=at) for at in before])
        for number in range(20):
            a_run(deadline_at=now + DAY)
            a_run(state="finished", status="FAILURE", deadline_at=now + timedelta(minutes=3 * number))
            notice(kind=str(number), due_at=now)
        filled([refusal(at=now) for _ in range(20)])
        Installation.objects.create(key=INSTALLATION, seen_at=now)
        SourceHealth.objects.create(source="rows", answered_at=now)
        self.analyse()

    def double(self, times: int) -> None:
        """Doubles the old rows."""
        for turn in range(times):
            for model, since in LONG_AGO.items():
                self._copy(model, since, f".{turn}")

    def _copy(self, model: type[models.Model], since: str, suffix: str) -> None:
        quote, table = connection.ops.quote_name, model._meta.db_table
        joined = "CONCAT({}, '{}')" if connection.vendor == "mysql" else "{} || '{}'"
        columns, values = [], []
        for field in model._meta.concrete_fields:
            if field.column in ("id", "same"):
                continue
            columns.append(name := quote(str(field.column)))
            values.append(joined.format(name, suffix) if (model, field.column) in UNIQUE else name)
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} WHERE {since} < %s",
                [connection.ops.adapt_datetimefield_value(self.now - DAY)],
            )

    def analyse(self) -> None:
        with connection.cursor() as cursor:
            for model in TABLES:
                table = model._meta.db_table
                cursor.execute(f"ANALYZE TABLE {table}" if connection.vendor == "mysql" else f"ANALYZE {table}")

    def delete(self) -> None:
        for model in (*TABLES, Installation, SourceHealth):
            QuerySet(model)._raw_delete(connection.alias)
        self.analyse()


@pytest.fixture
def history(django_db_setup: None, django_db_blocker: Any) -> Iterator[History]:
    """The rows are deleted at the end. A rollback isn't enough, because MariaDB's ANALYZE commits."""
    with django_db_blocker.unblock():
        made = History(timezone.now())
        yield made
        made.delete()


def read(ask: Callable[[], object]) -> int:
    """Returns how much the database reads for a call: rows (MariaDB), pages (PostgreSQL) or steps of bytecode (SQLite)."""
    if connection.vendor == "sqlite":
        return _steps(ask)
    if connection.vendor == "mysql":
        before = _handled()
        ask()
        return _handled() - before
    with CaptureQueriesContext(connection) as asked:
        ask()
    return sum(_pages(one["sql"]) for one in asked.captured_queries)


def _steps(ask: Callable[[], object]) -> int:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 10
        return 0

    connection.connection.set_progress_handler(step, 10)
    try:
        ask()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return steps


def _handled() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(number) for _, number in cursor.fetchall())


def _pages(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
        (found,) = cursor.fetchone()
    [plan] = json.loads(found) if isinstance(found, str) else found
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def test_a_scrape_reads_no_history(history: History) -> None:
    def scrape() -> metrics.Metrics:
        return metrics.measure(now=history.now)

    def all_runs() -> list[Any]:
        return list(Run.objects.order_by().values("state").annotate(models.Max("status"), Count("pk")))

    told, little, everything = scrape(), read(scrape), read(all_runs)
    assert (told.runs["finished", "FAILURE"], told.notices["owed"], told.refusals["not_allowed"]) == (19, 20, 20)
    history.double(DOUBLED)
    history.analyse()
    assert Run.objects.count() > BASE * 2**DOUBLED
    assert scrape() == told
    assert read(all_runs) > 8 * everything, "the test would notice a query that reads history"
    assert read(scrape) < 1.5 * little + 50


def test_a_scrape_takes_few_queries(db: None) -> None:
    notice()
    with CaptureQueriesContext(connection) as asked:
        metrics.measure(now=timezone.now())
    assert len(asked) == 6 + 2, "one query for each kind of row, and one for each installation that notices name"
