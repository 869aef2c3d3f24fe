"""The row of a run, as one press of Run or Approve writes it.

It is committed before the message is sent, in one statement: a new row, or that of an attempt that certainly sent nothing, or
that of a run that waits for approval.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import IntegrityError, connections

from bot.core.reasons import Reason
from bot.core.status import RunState
from bot.models import Run, atomic, database_of, still, writers_turn


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One press. No other attempt has its task id, so that shows whose attempt a row is."""

    key: str
    values: Mapping[str, Any]  # all columns but the key
    replaces: str = ""  # the task id in the row that this one takes over
    # The columns if nothing is sent. A row that is taken over has this state before, too.
    otherwise: Mapping[str, Any] = field(default_factory=lambda: {"state": RunState.NOT_SENT})

    @property
    def task_id(self) -> str:
        return str(self.values["task_id"])


def created(attempt: Attempt) -> Run | None:
    """The committed row. None if there is one with this key."""
    # One statement commits by itself. Inside somebody's transaction, its failure must not end theirs.
    nested = connections[database_of(Run)].in_atomic_block
    try:
        with atomic() if nested else writers_turn():
            return Run.objects.create(key=attempt.key, **attempt.values)
    except IntegrityError:
        return None


def taken_over(attempt: Attempt) -> Run | None:
    """The row of the failed attempt, which now is that of this one. None if another attempt was faster."""
    return Run.objects.get(task_id=attempt.task_id) if _take_over(attempt) else None


def end(attempt: Attempt, reason: Reason) -> None:
    """Makes the row say that this attempt sent nothing, whether or not the statement that queued it was carried out.

    If it comes later, it finds the key or the failed attempt taken, and changes nothing.
    """
    not_sent = {**attempt.otherwise, "not_sent_because": reason.dump()}
    ended = replace(attempt, values={**attempt.values, **not_sent})
    begun = Run.objects.filter(still(attempt.values["state"]), key=attempt.key, task_id=attempt.task_id)
    for _ in range(2):  # it may also come between our two statements
        with writers_turn():
            is_ended = begun.update(**not_sent)
        if is_ended or (_take_over(ended) if attempt.replaces else created(ended)):
            return


def _take_over(attempt: Attempt) -> bool:
    before = Run.objects.filter(still(attempt.otherwise["state"]), key=attempt.key, task_id=attempt.replaces)
    with writers_turn():
        return bool(before.update(**attempt.values))
