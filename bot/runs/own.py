"""A user's own runs, newest first, from all entries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from bot.core.model import Actor, RunId
from bot.core.status import RunState
from bot.models import Run, database_of
from bot.runs import installations, links
from bot.runs.door import Admitted

COLUMNS = (
    "installation", "schedule_id", "schedule_name", "task", "state", "status", "created_at", "started_at", "finished_at",
    "stop_asked_at", "channel", "thread", "parent", "user_id",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnRun:
    """One of the reader's runs, as a list shows it."""

    run: RunId
    schedule: str
    at: datetime  # when it was asked for
    state: RunState
    status: str  # Celery's
    duration: float | None  # seconds
    is_stopping: bool
    thread: str  # the address of the run's thread; empty: it has none, or the address isn't known yet
    page: str  # the address of the run's page; empty: there is none


def is_user(actor: Actor, key: Any) -> bool:
    """Whether `key` is the primary key of the actor's user. None: that user was deleted."""
    return key is not None and str(key) == actor.user


def of(user: Any) -> QuerySet[Run]:
    """The runs of a user, newest first. `user` is a primary key.

    The condition is a range that contains one user. With a plain `=`, PostgreSQL may walk down the primary key, and so read the
    runs of other users, too.
    """
    return Run.objects.filter(user_id__gte=user, user_id__lte=user).order_by("-user_id", "-pk")


def newest_of(users: Collection[Any]) -> dict[Any, int]:
    """The id of the newest run of each user. Users without a run are missing. Makes one query.

    The query has one subquery for each user. With a correlated subquery, or with IN, some databases would read more than one run
    of each user.
    """
    connection, keys = connections[database_of(Run)], list(users)
    parts, values = list[str](), list[Any]()
    for number, user in enumerate(keys):
        sql, params = of(user).values_list("pk")[:1].query.get_compiler(connection=connection).as_sql()
        parts.append(f"SELECT {number}, one.* FROM ({sql}) AS one")  # noqa: S608  # the ORM made `sql`
        values += params
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return {keys[number]: run for number, run in cursor.fetchall()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """A user's newest runs, and the mark of each by its id. `marks` also has the runs that the user may not see any more."""

    shown: tuple[OwnRun, ...]
    marks: dict[str, str]


def newest(admitted: Admitted, most: int) -> Own:
    """The actor's last runs."""
    runs = list(of(str(admitted.actor.user)).only(*COLUMNS)[:most])
    return Own(
        shown=_shown(admitted, runs),
        marks={str(run.pk): mark(run.state, run.status, is_stopping=run.stop_asked_at is not None) for run in runs},
    )


def mark(state: str, status: str, *, is_stopping: bool) -> str:
    """A text that changes when a list must show the run anew."""
    return f"{state} {status}{' stopping' if is_stopping else ''}"


def _shown(admitted: Admitted, runs: Collection[Run]) -> tuple[OwnRun, ...]:
    rows = admitted.seen_of(runs)
    addresses = installations.addresses(rows)
    return tuple(
        OwnRun(
            run=RunId(run.pk),
            schedule=run.schedule_name,
            at=run.created_at,
            state=RunState(run.state),
            status=run.status,
            duration=run.duration,
            is_stopping=run.stop_asked_at is not None,
            thread=links.thread(addresses[run.installation], run),
            page=links.page(admitted.platform.base_url, run),
        )
        for run in rows
    )
