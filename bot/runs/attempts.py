"""The row of a run, as one press of Run or Approve writes it.

It is committed before the message is sent, with its audit record: a new row, or that of an attempt that certainly sent nothing, or
that of a run that waits for approval.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import IntegrityError

from bot.core.audit import Act, Record
from bot.core.model import RunId
from bot.core.reasons import FOREIGN, Reason
from bot.models import Run, atomic, still
from bot.runs import audit


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One press. No other attempt has its task id, so that shows whose attempt a row is."""

    key: str
    values: Mapping[str, Any]  # all columns but the key
    pressed: Record  # that somebody has asked for it, or has approved it
    replaces: str = ""  # the task id in the row that this one takes over
    otherwise: Mapping[str, Any]  # the columns if nothing is sent. A row that is taken over has this state before, too.

    @property
    def task_id(self) -> str:
        return str(self.values["task_id"])

    def record(self, act: Act, run: Run, **details: Any) -> Record:
        """What became of it. It is by whoever has pressed."""
        return replace(self.pressed, act=act, run=RunId(run.pk), details={"task_id": self.task_id, **details})


def created(attempt: Attempt, failed: Reason | None = None) -> Run | None:
    """The committed row. None if there is one with this key. `failed`: why it is not sent, if that is certain already."""
    try:
        with atomic():
            return _recorded(Run.objects.create(key=attempt.key, **attempt.values), attempt, failed)
    except IntegrityError:
        return None


def taken_over(attempt: Attempt, failed: Reason | None = None) -> Run | None:
    """The row of the failed attempt, which now is that of this one. None if another attempt was faster."""
    before = Run.objects.filter(still(attempt.otherwise["state"]), key=attempt.key, task_id=attempt.replaces)
    with atomic():
        if not before.update(**attempt.values):
            return None
        return _recorded(Run.objects.get(task_id=attempt.task_id), attempt, failed)


def end(attempt: Attempt, reason: Reason) -> None:
    """Makes the row say that this attempt sent nothing, whether or not the transaction that queued it was carried out.

    If it comes later, it finds the key or the failed attempt taken, and changes nothing.
    """
    not_sent = {**attempt.otherwise, "not_sent_because": reason.dump()}
    ended = replace(attempt, values={**attempt.values, **not_sent})
    save = taken_over if attempt.replaces else created
    for _ in range(2):  # it may also come between our two transactions
        if _end_begun(attempt, not_sent, reason) or save(ended, reason):
            return


@atomic()
def _end_begun(attempt: Attempt, not_sent: Mapping[str, Any], reason: Reason) -> bool:
    begun = Run.objects.filter(still(attempt.values["state"]), key=attempt.key, task_id=attempt.task_id)
    if not begun.update(**not_sent):
        return False
    _record_failure(Run.objects.get(task_id=attempt.task_id), attempt, reason)
    return True


def _recorded(run: Run, attempt: Attempt, failed: Reason | None) -> Run:
    audit.append(replace(attempt.pressed, run=RunId(run.pk)))
    if failed is not None:
        _record_failure(run, attempt, failed)
    return run


def _record_failure(run: Run, attempt: Attempt, reason: Reason) -> None:
    known = {name: value for name, value in reason.params.items() if name not in FOREIGN}
    audit.append(attempt.record(Act.RUN_NOT_SENT, run, code=reason.code, **known))
