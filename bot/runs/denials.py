"""Records refusals in the audit log. Equal refusals within a minute share one record, which counts them.

After MOST different refusals of one person within a minute, all further ones share one record, too. So do those of unknown
callers after MOST_UNKNOWN, whatever their addresses are.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, IntegrityError

from bot.core.audit import Act, Record, Who
from bot.core.kinds import Kind
from bot.core.model import Actor, RunId, ScheduleId
from bot.core.ports import Catalog
from bot.core.rights import Action
from bot.models import AuditRecord, atomic, writers_turn
from bot.runs import audit, clock
from bot.runs.refusals import CantStop, Ended, MaybeSent, NotAllowed, NothingSent, Refused

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
MOST = 60  # different refusals of one person within a minute that get their own records
MOST_UNKNOWN = 20  # the same for all unknown callers together, as one of them may have very many addresses
PROBLEMS = 20  # of one refusal that are recorded
EQUAL = ("asked", "code", "flaw", "address")  # details that are the same in equal refusals
IDENTIFYING = frozenset({"user"})  # parameters of reasons that name a person. Only the person's row may contain these.


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What somebody wants to do. The record of a refusal says it."""

    action: Action
    schedule: ScheduleId | None = None
    run: RunId | None = None
    installation: str = ""


@contextmanager
def recorded(catalog: Catalog, actor: Actor, wanted: Wanted) -> Iterator[None]:
    """Records the refusal that the code inside raises. NothingSent and MaybeSent aren't refusals, and have other records."""
    try:
        yield
    except (NothingSent, MaybeSent):
        raise
    except (NotAllowed, Refused, CantStop, Ended) as exc:
        record = Record(
            act=Act.RUN_REFUSED,
            entry=actor.entry,
            who=Who.of(actor) if actor.user or actor.slack else None,
            schedule=wanted.schedule,
            run=wanted.run,
            installation=wanted.installation,
            details={"asked": wanted.action.value, **_why(exc)},
        )
        refuse(record, catalog)
        raise


def _why(exc: NotAllowed | Refused | CantStop | Ended) -> dict[str, Any]:
    """The record's details: codes and parameters. Values that were typed are left out, and only the wrong fields are named."""
    if isinstance(exc, Refused):
        problems = [{"code": problem.code, "field": problem.field} for problem in exc.problems[:PROBLEMS]]
        return {"code": problems[0]["code"] if problems else "", "problems": problems}
    reason = exc.denied if isinstance(exc, NotAllowed) else exc.reason
    return {"code": reason.code, **{name: value for name, value in reason.params.items() if name not in IDENTIFYING}}


def refuse(record: Record, catalog: Catalog | None = None) -> None:
    """Records the refusal, or counts it in an equal record. If the database fails, this only logs that: the refusal still stands.

    `catalog`: to look up the schedule's name.
    """
    try:
        _count(record, catalog)
    except Error:
        log.exception("a refusal can't be recorded")


def _count(record: Record, catalog: Catalog | None) -> None:
    now = clock.now()
    if _counted(record, now):
        return
    if _has_many(record, now):  # somebody who guesses the numbers of runs must not fill the table
        record = replace(record, schedule=None, run=None, installation="", details={"code": Kind.MANY.value})
        if _counted(record, now):
            return
    digest = _digest(record, _minute(now))
    if catalog is not None and record.schedule is not None:
        found = catalog.get(record.schedule)
        record = replace(record, schedule_name=found.name if found else "")
    try:
        with atomic():
            audit.append(record, same=digest)
    except IntegrityError:  # another process was faster
        with writers_turn():
            if not AuditRecord.objects.filter(same=digest).count_again():
                raise


def _counted(record: Record, now: datetime) -> bool:
    """Counts the refusal in an equal record of the last minute. False: there is none."""
    equal = [_digest(record, minute) for minute in (_minute(now), _minute(now) - 1)]
    with writers_turn():
        return bool(AuditRecord.objects.filter(same__in=equal, at__gt=now - MINUTE).count_again())


def _has_many(record: Record, now: datetime) -> bool:
    """Whether the person, or all unknown callers together, have as many records of the last minute as they may have."""
    whose, most = ({"person": None}, MOST_UNKNOWN) if record.who is None else ({"person__key": record.who.key}, MOST)
    theirs = AuditRecord.objects.filter(**whose, at__gt=now - MINUTE, same__isnull=False)
    return len(theirs.order_by().values_list("pk")[:most]) == most


def _minute(now: datetime) -> int:
    return int(now.timestamp()) // 60


def _digest(record: Record, minute: int) -> str:
    who = record.who.key if record.who else ""
    what = [record.details.get(name) for name in EQUAL]
    return hashlib.sha256(
        json.dumps([who, record.entry, record.schedule, record.run, *what, minute]).encode()
    ).hexdigest()
