"""Finds the newest end of a schedule in django-celery-results' table. The cost doesn't grow with history."""

from datetime import datetime
from typing import Any

from django.db import connections, router
from django.db.models import F, QuerySet, Subquery, Value
from django.db.models.functions import NullIf
from django_celery_results.models import TaskResult

from bot.broker.columns import lacking
from bot.compat import is_indexed
from bot.core.model import LastRun
from bot.core.status import FINAL
from bot.prepared import Placeholder, Prepared

RECENT_RESULTS = 1000  # rows that count as recent
ROWS = 10  # the newest rows of a name that are read: the newest runs may not have ended yet
NAME = F("periodic_task_name")
HAS_INDEX = is_indexed(TaskResult, "periodic_task_name")
NAME_WITHOUT_INDEX = NullIf(NAME, Value(""))  # has the same value, but databases can't use the index of names for it
# Three ways to find the newest TaskResults of a name: among all, among the recent ones, and by the index of names.
NAMED = Prepared(lambda: _named().order_by("-pk")[:ROWS])
NAMED_LATELY = Prepared(
    lambda: _named(NAME_WITHOUT_INDEX).filter(pk__gt=_newest() - RECENT_RESULTS).order_by("-pk")[:ROWS]
)
NAMED_BY_NAME = Prepared(lambda: _named().order_by((F("pk") + 0).desc())[:ROWS])


def run(schedule: str) -> LastRun | None:
    row = _newest_result(schedule)
    return None if row is None else LastRun(status=row[0], at=row[1])


def _named(name: F | NullIf = NAME) -> QuerySet[TaskResult, tuple[Any, ...]]:
    return TaskResult.objects.alias(of=name).filter(of=Placeholder("name")).values_list("status", "date_done")


def _newest() -> Subquery:
    return Subquery(TaskResult.objects.order_by("-pk").values("pk")[:1])


def _newest_result(schedule: str) -> tuple[str, datetime] | None:
    """The status and the date of the newest end, by the index of names. SQLite and MariaDB keep equal names there in key order.

    PostgreSQL prefers to walk down the primary key until it finds the name. For a schedule without results, that means the
    whole table. So the first query limits that walk, and its condition can't use the index of names. The second query can
    use only that index. If both were one query, PostgreSQL would JIT-compile it.

    Without that index, only the recent results are read.
    """
    alias, absent = router.db_for_read(TaskResult), lacking(TaskResult)
    if "periodic_task_name" in absent:
        return None
    if not HAS_INDEX or "date_started" in absent:  # that column and the index of names both came with 2.6
        return _end(NAMED_LATELY.rows(alias, name=schedule))
    if connections[alias].vendor == "postgresql":
        return _end(NAMED_LATELY.rows(alias, name=schedule)) or _end(NAMED_BY_NAME.rows(alias, name=schedule))
    return _end(NAMED.rows(alias, name=schedule))


def _end(rows: list[tuple[Any, ...]]) -> tuple[str, datetime] | None:
    """The first row with an end. With this condition in the query, the database could read many rows before it finds one."""
    return next(((status, at) for status, at in rows if status in FINAL), None)
