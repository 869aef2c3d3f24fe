"""Deletes old runs and their notices, values of runs, records of the audit log, references to deleted users, drafts, and counts.

Operators choose how long runs, their values and records are kept.

A clean-up that would delete an unusually large share stops: the database's clock may be wrong, or users are being restored.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Case, Exists, F, Max, Min, OuterRef, QuerySet, TextField, Value, When

from bot.core.model import InstallationId
from bot.core.status import ENDED, NEVER_RUN, RunState
from bot.core.stops import REVOKED
from bot.models import (
    Answer,
    ApiToken,
    AuditRecord,
    Draft,
    Favourite,
    Installation,
    Run,
    SlackLink,
    Throttle,
    atomic,
    database_of,
)
from bot.runs import accounts, outbox
from bot.runs.installations import NAMELESS

log = logging.getLogger(__name__)

OVER = ENDED | NEVER_RUN | {RunState.OVERDUE}
EMPTY: dict[str, Any] = {
    "args": "[]",
    "kwargs": "{}",
    "changes": [],
    # A revoked run keeps its result: Celery's short text that says how the task was stopped.
    "result": Case(When(status=REVOKED, then=F("result")), default=Value(""), output_field=TextField()),
    "result_length": 0,
    "traceback": "",
}
BATCH = 500  # runs per transaction, so that locks are short
LONG = timedelta(days=7)  # if the last clean-up was longer ago, the clock may have jumped
FEW = 2  # this many links and tokens of deleted users are deleted even if that is a large share


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """How long rows are kept."""

    runs: timedelta
    values: timedelta  # values of runs
    records: timedelta  # records of the audit log


class Unusual(Exception):
    """The clean-up would delete more than half of the rows of one kind, or there are no users at all. The text names the kind."""


def forget_old_runs(installation: InstallationId, *, keep: timedelta, now: datetime, knowingly: bool = False) -> int:
    """Deletes one batch of the runs that `old` finds. Returns how many. A full batch means that there may be more.

    Deletes runs of this installation, and runs that name no installation. Other installations may keep theirs for longer.
    Raises Unusual, unless the operator does it `knowingly`.
    """
    aged = old(installation, now - keep)
    if not knowingly:
        _refuse_most(aged, "runs", installation, now)
    ids = list(aged.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if ids:
        with atomic():
            outbox.lock(Run.objects.filter(pk__in=ids))
            Run.objects.filter(pk__in=ids).delete()
        log.info("deleted %s old runs", len(ids))
    Installation.objects.filter(pk=installation).update(cleaned_at=now)
    return len(ids)


def forget_old_values(installation: InstallationId, *, keep: timedelta, now: datetime, knowingly: bool = False) -> int:
    """Empties one batch of runs that have ended and whose deadline passed before `now - keep`. No source reports on these any more.

    A run still says who asked for which schedule, when and why, and how it ended. The installation, the returned number and
    Unusual are as for `forget_old_runs`. Call this before `forget_old_runs`, which saves the time of the last clean-up.
    """
    aged = with_old_values(installation, now - keep)
    if not knowingly:
        _refuse_most(aged, "values of runs", installation, now)
    rows = list(aged.only("later_ends", "not_sent_because").order_by("deadline_at")[:BATCH])
    with atomic():
        outbox.lock(Run.objects.filter(pk__in=[row.pk for row in rows]))
        for row in rows:
            if row.later_ends or row.not_sent_because:
                Run.objects.filter(pk=row.pk).update(**_without_texts(row))
        Run.objects.filter(pk__in=[row.pk for row in rows]).update(**EMPTY, values_deleted_at=now)
    if rows:
        log.info("deleted the values of %s runs", len(rows))
    return len(rows)


def _without_texts(run: Run) -> dict[str, Any]:
    reason = run.not_sent_reason
    return {
        "later_ends": [{**end, "result": ""} for end in run.later_ends],
        "not_sent_because": "" if reason is None else reason.without_texts().dump(),
    }


def forget_gone_users(*, knowingly: bool = False) -> None:
    """Removes references to users that another Django has deleted, such as a sidecar's platform. Raises Unusual."""
    users = get_user_model()
    if database_of(users) != database_of(Run):
        return  # the check runtask.W010 warns of that
    everybody = users._base_manager  # noqa: SLF001  # documented: all of them
    gone = ~Exists(everybody.filter(pk=OuterRef("user")))
    links, tokens = SlackLink.objects.filter(gone), ApiToken.objects.filter(gone)
    if not knowingly:
        lost = links.count() + tokens.count()
        total = SlackLink.objects.count() + ApiToken.objects.count()
        if (lost > FEW and 2 * lost > total) or (not everybody.exists() and (lost or _somebody_is_known())):
            raise Unusual("links and tokens" if lost else "references to users")
    with atomic():
        for rows in (links, tokens):
            for row in rows:
                accounts.removed(row, by=accounts.NO_USER)
        links.delete()
        tokens.delete()
    Favourite.objects.filter(gone).delete()
    Run.objects.filter(gone, user__isnull=False).update(user=None)
    Answer.objects.filter(gone, user__isnull=False).update(user=None)
    by_gone = ~Exists(everybody.filter(pk=OuterRef("stopped_by")))
    Run.objects.filter(by_gone, stopped_by__isnull=False).update(stopped_by=None)


def _somebody_is_known() -> bool:
    """Whether a run or a favourite names a user."""
    return Favourite.objects.exists() or Run.objects.filter(user__isnull=False).exists()


def forget_old_records(installation: InstallationId, *, keep: timedelta, now: datetime, knowingly: bool = False) -> int:
    """Deletes one batch of old audit records. Returns how many. A full batch means that there may be more. Raises Unusual.

    Call this before `forget_old_runs`, which saves the time of the last clean-up.
    """
    before = now - keep
    if not knowingly:
        _refuse_most(old_records(before), "records of the audit log", installation, now, by="at")
    with atomic():
        gone = AuditRecord.objects.all().expire(before, BATCH)
    if gone:
        log.info("deleted %s old records of the audit log", gone)
    return int(gone)


def forget_old_counts(*, now: datetime) -> None:
    """Deletes the counts of throttles that are older than an hour. Each counts one minute."""
    Throttle.objects.filter(since__lt=now - timedelta(hours=1)).delete()


def forget_old_drafts(*, now: datetime) -> None:
    Draft.objects.filter(valid_until__lt=now).delete()


def old(installation: InstallationId, before: datetime) -> QuerySet[Run]:
    """Runs that may be deleted: they are over, and were asked for and had their deadline before this time."""
    return _of(installation, OVER).filter(created_at__lt=before, deadline_at__lt=before)


def with_old_values(installation: InstallationId, before: datetime) -> QuerySet[Run]:
    """Runs that have values which may be deleted. Overdue runs are left out: a worker may still report something."""
    return _of(installation, ENDED | NEVER_RUN).filter(values_deleted_at=None, deadline_at__lt=before)


def _of(installation: InstallationId, states: Collection[RunState]) -> QuerySet[Run]:
    return Run.objects.filter(installation__in=[NAMELESS, installation], state__in=states)


def old_records(before: datetime) -> QuerySet[AuditRecord]:
    return AuditRecord.objects.filter(at__lt=before)  # type: ignore[no-any-return]


def _refuse_most(
    aged: QuerySet[Any], what: str, installation: InstallationId, now: datetime, *, by: str = "deadline_at"
) -> None:
    """Raises Unusual if these are most rows, and the last clean-up was long ago or never. `by`: the column of their age."""
    last = Installation.objects.filter(pk=installation).values_list("cleaned_at", flat=True).first()
    if (last is None or now - last > LONG) and _are_most(aged, by):
        raise Unusual(what)


def _are_most(aged: QuerySet[Any], by: str) -> bool:
    """Estimates by primary keys, which grow with time, whether these are most rows. Counting would read all of them."""
    newest = aged.order_by(f"-{by}", "-pk").values_list("pk", flat=True).first()
    if newest is None:
        return False
    known = aged.model.objects.aggregate(first=Min("pk"), last=Max("pk"))
    return bool(2 * (newest - known["first"] + 1) > known["last"] - known["first"] + 1)
