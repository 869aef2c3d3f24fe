"""Records what somebody was refused. Equal refusals within a minute are one record, which counts them.

So are all refusals of a person beyond MOST different ones in a minute, whatever they were.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, IntegrityError

from bot.core.audit import Act, Record, Who
from bot.core.kinds import Kind
from bot.core.model import Actor, RunId, ScheduleId
from bot.core.policy import Action
from bot.models import AuditRecord, atomic, writers_turn
from bot.runs import audit, clock
from bot.runs.door import Platform
from bot.runs.refusals import CantStop, Ended, MaybeSent, NotAllowed, NothingSent, Refused

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
MOST = 60  # different refusals of one person within a minute that have records of their own
EQUAL = ("asked", "code", "flaw", "address")  # details of equal refusals
IDENTIFYING = frozenset({"user"})  # parameters of reasons that name somebody; only a person's row may


@contextmanager
def recorded(
    platform: Platform,
    actor: Actor,
    action: Action,
    *,
    schedule: ScheduleId | None = None,
    run: RunId | None = None,
    installation: str = "",
) -> Iterator[None]:
    """Around an attempt. What came of a run that wasn't sent, or perhaps was, is no refusal, and has records of its own."""
    try:
        yield
    except (NothingSent, MaybeSent):
        raise
    except (NotAllowed, Refused, CantStop, Ended) as exc:
        record = Record(
            act=Act.RUN_REFUSED,
            entry=actor.entry,
            who=Who.of(actor) if actor.user or actor.slack else None,
            schedule=schedule,
            run=run,
            installation=installation,
            details={"asked": action.value, **_why(exc)},
        )
        refuse(record, platform)
        raise


def _why(exc: NotAllowed | Refused | CantStop | Ended) -> dict[str, Any]:
    """Codes. Of what was typed, only the fields that were wrong."""
    if isinstance(exc, Refused):
        problems = [{"code": problem.code, "field": problem.field} for problem in exc.problems]
        return {"code": problems[0]["code"] if problems else "", "problems": problems}
    reason = exc.denied if isinstance(exc, NotAllowed) else exc.reason
    return {"code": reason.code, **{name: value for name, value in reason.params.items() if name not in IDENTIFYING}}


def refuse(record: Record, platform: Platform | None = None) -> None:
    """Appends it, or counts it. The person is refused also where the database fails; then the log says so."""
    try:
        _count(record, platform)
    except Error:
        log.exception("a refusal can't be recorded")


def _count(record: Record, platform: Platform | None) -> None:
    now = clock.now()
    if _counted(record, now):
        return
    if _has_many(record, now):  # whoever guesses numbers must not fill the table
        record = replace(record, schedule=None, run=None, installation="", details={"code": Kind.MANY.value})
        if _counted(record, now):
            return
    this = _digest(record, _minute(now))
    if platform is not None and record.schedule is not None:
        found = platform.catalog.get(record.schedule)
        record = replace(record, schedule_name=found.name if found else "")
    try:
        with atomic():
            audit.append(record, same=this)
    except IntegrityError:  # another process was faster
        with writers_turn():
            if not AuditRecord.objects.filter(same=this).count_again():
                raise


def _counted(record: Record, now: datetime) -> bool:
    """Whether an equal one has a record already, which counts this one."""
    equal = [_digest(record, minute) for minute in (_minute(now), _minute(now) - 1)]
    with writers_turn():
        return bool(AuditRecord.objects.filter(same__in=equal, at__gt=now - MINUTE).count_again())


def _has_many(record: Record, now: datetime) -> bool:
    """Of somebody unknown, there are few: the API throttles tokens that it doesn't know, by address."""
    if record.who is None:
        return False
    theirs = AuditRecord.objects.filter(person__key=record.who.key, at__gt=now - MINUTE, same__isnull=False)
    return len(theirs.order_by().values_list("pk")[:MOST]) == MOST


def _minute(now: datetime) -> int:
    return int(now.timestamp()) // 60


def _digest(record: Record, minute: int) -> str:
    who = record.who.key if record.who else ""
    what = [record.details.get(name) for name in EQUAL]
    return hashlib.sha256(
        json.dumps([who, record.entry, record.schedule, record.run, *what, minute]).encode()
    ).hexdigest()
