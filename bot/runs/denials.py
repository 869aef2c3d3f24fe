"""Records what somebody was refused. Equal refusals within a minute are one record, which counts them."""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import Error, IntegrityError

from bot.core.audit import Act, Record, Who
from bot.core.model import Actor, RunId, ScheduleId
from bot.core.policy import Action
from bot.models import AuditRecord, atomic, writers_turn
from bot.runs import audit, clock
from bot.runs.door import Platform
from bot.runs.refusals import CantStop, Ended, MaybeSent, NotAllowed, NothingSent, Refused

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
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
    minute = int(now.timestamp()) // 60
    this, before = (_digest(record, one) for one in (minute, minute - 1))
    with writers_turn():
        if AuditRecord.objects.filter(same__in=[this, before], at__gt=now - MINUTE).count_again():
            return
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


def _digest(record: Record, minute: int) -> str:
    who = record.who.key if record.who else ""
    what = [record.details.get(name) for name in EQUAL]
    return hashlib.sha256(
        json.dumps([who, record.entry, record.schedule, record.run, *what, minute]).encode()
    ).hexdigest()
