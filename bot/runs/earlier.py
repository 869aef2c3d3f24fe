"""The run that an earlier press of the same form has made."""

import time

from bot.core.model import RunRequest
from bot.core.reasons import Code
from bot.core.status import RunState
from bot.models import Run
from bot.runs.budget import Budget
from bot.runs.door import Admitted
from bot.runs.refusals import MaybeSent, NotAllowed, NothingSent, Refused, Taken

POLL = 0.05  # seconds between two reads while another press of the same form is being sent
ANSWERING = 0.3  # seconds of the budget that are left for answering


def started(admitted: Admitted, request: RunRequest, budget: Budget, why: Refused | NotAllowed) -> Run:
    """The run that an earlier press of this form has started.

    Raises `why` if there is none, if the earlier press certainly sent nothing, or if the person may not see the run. Otherwise
    raises what `awaited` and `sent` raise.
    """
    run = Run.objects.filter(key=request.key).first()
    if run is None or can_be_retried(run, request) or not admitted.seen(run):
        raise why
    return sent(awaited(run, request, budget))


def can_be_retried(run: Run, request: RunRequest) -> bool:
    """Whether this is the same request, and the earlier press certainly sent nothing."""
    return run.state == RunState.NOT_SENT and run.digest == request.digest


def was_unsaved(run: Run) -> bool:
    """Whether the earlier press failed because the database failed.

    Then this press may send the message: the person was told that nothing was sent.
    """
    reason = run.not_sent_reason
    return run.state == RunState.NOT_SENT and reason is not None and reason.code is Code.NOT_SAVED


def awaited(run: Run, request: RunRequest, budget: Budget) -> Run:
    """Waits until the run is sent or not sent, as long as the budget allows. Raises Taken if another request made the run."""
    if run.digest != request.digest:
        raise Taken(run)
    # While the run is queued, another thread is sending it, or a crash has left it in this state.
    while run.state == RunState.QUEUED and budget.left() > ANSWERING:
        time.sleep(POLL)
        run.refresh_from_db()
    return run


def sent(run: Run) -> Run:
    """The run, marked as repeated. Raises NothingSent if it wasn't sent, MaybeSent if that is unknown."""
    if run.state == RunState.NOT_SENT and (reason := run.not_sent_reason) is not None:
        raise NothingSent(reason)
    if run.state in (RunState.QUEUED, RunState.UNKNOWN):
        raise MaybeSent(run)
    run.is_repeated = True
    return run
