"""What a Stop has come to, as far as is known. Its sentences are in `bot.texts`."""

from datetime import datetime
from enum import StrEnum

from bot.core.status import OPEN, RunState

REVOKED = "REVOKED"
TERMINATED, EXPIRED = "terminated", "expired"  # Celery's reasons for REVOKED (celery/worker/request.py)


class Way(StrEnum):
    """What workers are told."""

    REVOKE = "revoke"  # not to start the task, nor to try it again
    ABORT = "abort"  # the same, and the task itself is told: it is an AbortableTask
    TERMINATE = "terminate"  # the same, and to end the process that runs it
    WITHDRAW = "withdraw"  # nothing: it had not been sent


class Standing(StrEnum):
    """What may be said of a run that somebody has asked to stop."""

    WAITS = "waits"  # no worker has reported that it runs
    RUNS_ON = "runs_on"
    ABORTING = "aborting"
    TERMINATING = "terminating"
    WITHDRAWN = "withdrawn"
    NEVER_SENT = "never_sent"  # withdrawn while it waited for approval
    REVOKED = "revoked"
    TERMINATED = "terminated"
    EXPIRED = "expired"  # before a worker took it
    ENDED_FIRST = "ended_first"  # by the clock of its worker
    RAN_TO_ITS_END = "ran_to_its_end"
    NOT_SENT = "not_sent"
    NOT_KNOWN = "not_known"


GOES_ON = frozenset({Standing.RUNS_ON, Standing.ABORTING})  # it is running, although somebody has asked to stop it


def is_terminated(status: str, result: str) -> bool:
    """Whether a worker says that it has ended the task's process. `result`: as in `standing`."""
    return status == REVOKED and result.rpartition(" ")[2] == TERMINATED


def standing(
    state: RunState, status: str, result: str, *, way: Way, asked_at: datetime, ended_at: datetime | None
) -> Standing:
    """`result`: as text. For REVOKED it ends with Celery's reason."""
    if state in OPEN:
        if way is Way.TERMINATE:
            return Standing.TERMINATING
        if state is not RunState.RUNNING or status == "RETRY":
            return Standing.WAITS
        return Standing.ABORTING if way is Way.ABORT else Standing.RUNS_ON
    if state is not RunState.FINISHED:
        withdrawn = Standing.NEVER_SENT if way is Way.WITHDRAW else Standing.WITHDRAWN
        named = {RunState.WITHDRAWN: withdrawn, RunState.NOT_SENT: Standing.NOT_SENT}
        return named.get(state, Standing.NOT_KNOWN)
    if status == REVOKED:
        because = {TERMINATED: Standing.TERMINATED, EXPIRED: Standing.EXPIRED}
        return because.get(result.rpartition(" ")[2], Standing.REVOKED)
    is_before = ended_at is not None and ended_at <= asked_at
    return Standing.ENDED_FIRST if is_before else Standing.RAN_TO_ITS_END
