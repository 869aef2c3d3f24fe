"""Writes the row of a run for one press of Run or Approve.

The row and its audit record are committed before the message is sent. A press of Run inserts a row, or reuses the row of an
earlier press that sent nothing. A press of Approve reuses the row of the waiting run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError

from bot.core.audit import Act, Record
from bot.core.model import RunId
from bot.core.reasons import FOREIGN, Reason
from bot.core.status import RunState
from bot.models import Run, atomic, still
from bot.runs import audit, clock, outbox


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One press of Run or Approve. The task id identifies the attempt: it is in the row that the attempt has written."""

    key: str
    values: Mapping[str, Any] = field(repr=False)  # the columns to write, without the key
    pressed: Record  # the audit record of the press: somebody has asked for the run, or has approved it
    replaces: str = ""  # the task id in the row that this attempt takes over; empty: it makes a new row
    # The columns to write if nothing is sent. A row can be taken over only while it has the state that is among these.
    otherwise: Mapping[str, Any]

    @property
    def task_id(self) -> str:
        return str(self.values["task_id"])

    def record(self, act: Act, run: Run, **details: Any) -> Record:
        """An audit record of how this attempt went. Its person is the one who pressed the button."""
        return replace(self.pressed, act=act, run=RunId(run.pk), details={"task_id": self.task_id, **details})


def created(attempt: Attempt, failed: Reason | None = None) -> Run | None:
    """Inserts the row. None if there is one with this key. `failed`: why the run will not be sent, if that is certain already."""
    try:
        with atomic():
            return _audited(Run.objects.create(key=attempt.key, **attempt.values), attempt, failed)
    except IntegrityError:
        return None


def taken_over(attempt: Attempt, failed: Reason | None = None) -> Run | None:
    """Takes over the row of the failed attempt. None if another attempt was faster. `failed`: as for `created`."""
    before = Run.objects.filter(still(attempt.otherwise["state"]), key=attempt.key, task_id=attempt.replaces)
    with atomic():
        if not before.update(**attempt.values):
            return None
        run = _audited(Run.objects.get(task_id=attempt.task_id), attempt, failed)
        if failed is not None:
            _edit_messages(run)
        return run


def end(attempt: Attempt, reason: Reason) -> None:
    """Saves that this attempt sent nothing.

    We may not know whether the transaction that queued the attempt was committed. If it was, this updates the row. If it wasn't,
    this inserts the row, or takes it over. Then that transaction fails on the key, or finds no row, if it is still open.

    For an approval, this locks the row, so that transaction has ended. If it was rolled back, this changes nothing: the run still
    waits, and isn't approved by this attempt.
    """
    not_sent = {**attempt.otherwise, "not_sent_because": reason.dump()}
    if attempt.otherwise["state"] == RunState.WAITING:
        with atomic():
            outbox.lock(Run.objects.filter(key=attempt.key))
            _end_begun(attempt, not_sent, reason)
        return
    ended = replace(attempt, values={**attempt.values, **not_sent})
    save = taken_over if attempt.replaces else created
    for _ in range(2):  # that transaction may be committed between `_end_begun` and `save`
        if _end_begun(attempt, not_sent, reason) or save(ended, reason):
            return


@atomic()
def _end_begun(attempt: Attempt, not_sent: Mapping[str, Any], reason: Reason) -> bool:
    """Writes `not_sent` into the row that this attempt has saved. False: there is no such row."""
    begun = Run.objects.filter(still(attempt.values["state"]), key=attempt.key, task_id=attempt.task_id)
    if not begun.update(**not_sent):
        return False
    run = Run.objects.get(task_id=attempt.task_id)
    _record_failure(run, attempt, reason)
    _edit_messages(run)
    return True


def _edit_messages(run: Run) -> None:
    """Owes edits of the messages that the run owes already, if there are any.

    An earlier attempt, or a commit whose answer was lost, may have owed them.
    """
    if outbox.has_notices(run):
        now = clock.now()
        outbox.owe_edit(run, now=now, at_once=True)
        outbox.owe_answered(run, now=now)


def _audited(run: Run, attempt: Attempt, failed: Reason | None) -> Run:
    audit.append(replace(attempt.pressed, run=RunId(run.pk)))
    if failed is not None:
        _record_failure(run, attempt, failed)
    return run


def _record_failure(run: Run, attempt: Attempt, reason: Reason) -> None:
    known = {name: value for name, value in reason.params.items() if name not in FOREIGN}
    audit.append(attempt.record(Act.RUN_NOT_SENT, run, code=reason.code, **known))
