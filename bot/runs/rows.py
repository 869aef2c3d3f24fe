"""A run's row before its message: made, taken up again, or there already."""

import time
from typing import Any

from django.db import IntegrityError, connections

from bot.core.budget import Budget
from bot.core.model import Dispatch, RunRequest
from bot.core.status import RunState
from bot.models import Run, atomic, database_of, still, turn
from bot.runs.refusals import MaybeSent, NothingSent, Taken

LOOK_AGAIN = 0.05  # seconds, while another press of the same form is being sent
ANSWERING = 0.3  # seconds of the budget that are kept for the answer


def created(request: RunRequest, what: Dispatch, fields: dict[str, Any]) -> Run | None:
    """The committed row; it is there before the message. None if the same form was submitted before."""
    # One statement commits by itself; within somebody's transaction its failure must not end theirs.
    nested = connections[database_of(Run)].in_atomic_block
    try:
        with atomic() if nested else turn():
            return Run.objects.create(key=request.key, task_id=what.task_id, **fields)
    except IntegrityError:
        return None


def can_be_taken_up(earlier: Run, request: RunRequest) -> bool:
    return earlier.state == RunState.NOT_SENT and earlier.digest == request.digest


def taken_up(earlier: Run, fields: dict[str, Any]) -> Run | None:
    """The row of a try of which certainly nothing went out. None if another submission was faster."""
    if not Run.objects.filter(still(RunState.NOT_SENT), pk=earlier.pk).update(**fields):
        return None
    earlier.refresh_from_db()
    return earlier


def already(run: Run, request: RunRequest, budget: Budget) -> Run:
    """A press of Run came before: fine if it was sent, to be left alone if nobody knows. Raises Refused."""
    if run.digest != request.digest:
        raise Taken(run)
    # Queued: it is being sent at this moment, or a crash left it so.
    while run.state == RunState.QUEUED and budget.left() > ANSWERING:
        time.sleep(LOOK_AGAIN)
        run.refresh_from_db()
    if run.state == RunState.NOT_SENT:
        raise NothingSent(run.not_sent_because)
    if run.state in (RunState.QUEUED, RunState.UNKNOWN):
        raise MaybeSent(run)
    run.is_repeated = True
    return run
