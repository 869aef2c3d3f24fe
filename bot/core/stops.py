"""What a Stop tells workers, and what we know of its effect. `bot.texts` has the sentences."""

from datetime import datetime
from enum import StrEnum

from bot.core.status import OPEN, RETRY, RunState

REVOKED = "REVOKED"
TERMINATED, EXPIRED = "terminated", "expired"  # Celery's reasons for REVOKED (celery/worker/request.py)
MARK = "TaskRevokedError: revoked"  # the result that a worker stores if it was told not to start the task


class Way(StrEnum):
    """The command that a Stop sends to workers."""

    REVOKE = "revoke"  # don't start the task, and don't try it again
    ABORT = "abort"  # a mark tells an AbortableTask to stop itself; while it doesn't run, workers also get REVOKE
    TERMINATE = "terminate"  # as REVOKE; also end the process that runs the task
    WITHDRAW = "withdraw"  # no command: the task had not been sent


class Standing(StrEnum):
    """What is known of a run that somebody has asked to stop."""

    WAITS = "waits"  # no worker has reported that the task is running
    RUNS_ON = "runs_on"
    ABORTING = "aborting"
    TERMINATING = "terminating"
    WITHDRAWN = "withdrawn"
    NEVER_SENT = "never_sent"  # withdrawn while it waited for approval
    REVOKED = "revoked"
    TERMINATED = "terminated"
    EXPIRED = "expired"  # the message expired before a worker took it
    ENDED_FIRST = "ended_first"  # the task ended before the Stop, by the clock of its worker
    RAN_TO_ITS_END = "ran_to_its_end"
    NOT_SENT = "not_sent"
    NOT_KNOWN = "not_known"


# The task is running, although somebody has asked to stop it.
GOES_ON = frozenset({Standing.RUNS_ON, Standing.ABORTING})


def is_stoppable(state: str, deadline_at: datetime, now: datetime) -> bool:
    """Whether the task may still run. That includes a run whose end can't be known: its message may wait in a queue."""
    return state in OPEN or (state == RunState.UNSEEN and deadline_at > now)


def is_terminated(status: str, result: str) -> bool:
    """Whether a worker says that it has ended the task's process. `result`: as in `standing`."""
    return status == REVOKED and result.rpartition(" ")[2] == TERMINATED


def has_begun(status: str, started_at: datetime | None) -> bool:
    """Whether a worker has reported that it has begun the task, and the task doesn't wait for its next try."""
    return started_at is not None and status != RETRY


def is_mark(status: str, result: str) -> bool:
    """Whether this REVOKED may be wrong: Celery 5.6.2 and 5.6.3 write it without checking whether the task runs."""
    return status == REVOKED and result == MARK


def standing(
    state: RunState, status: str, result: str, *, way: Way, asked_at: datetime, ended_at: datetime | None
) -> Standing:
    """The effect of a Stop. `result`: the run's result as text. For REVOKED, it ends with Celery's reason."""
    if state in OPEN:
        if way is Way.TERMINATE:
            return Standing.TERMINATING
        if state is not RunState.RUNNING or status == RETRY:
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
