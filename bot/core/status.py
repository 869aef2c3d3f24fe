"""The states of a run, and how Celery's status moves it from one to the next."""

from datetime import datetime
from enum import StrEnum

FINAL = frozenset({"SUCCESS", "FAILURE", "REVOKED"})  # celery.states.READY_STATES; a test keeps them equal
RECEIVED = "RECEIVED"  # a worker has received the task, but hasn't begun it
ABORTED = "ABORTED"  # a Stop writes it for an AbortableTask
# Statuses of tasks that may not have begun. ABORTED says nothing about that.
WAITING = frozenset({"PENDING", RECEIVED, ABORTED})
RETRY = "RETRY"  # Celery waits before the next try, so the task isn't running
REJECTED = "REJECTED"  # no worker runs it any more, unless the broker has another use for its message

CELERYS = FINAL | WAITING | {"STARTED", "RETRY", REJECTED}  # Celery's own statuses; tasks may set others


# Usual statuses: Celery's own, and PROGRESS, which its documentation uses as an example.
USUAL = FINAL | WAITING | {"STARTED", "PROGRESS", RETRY, REJECTED, ""}


class RunState(StrEnum):
    """How far a run is."""

    WAITING = "waiting"  # for the approval of others; nothing is sent before that
    QUEUED = "queued"  # the row is saved; the message may or may not have been sent
    SENT = "sent"  # the broker has confirmed the message
    UNKNOWN = "unknown"  # the broker didn't answer: the message may have been sent
    RUNNING = "running"  # a worker has reported something
    OVERDUE = "overdue"  # the deadline passed without a report, and the thread says so; a late result still counts
    FINISHED = "finished"
    UNSEEN = "unseen"  # it was sent, but how it ended can't be known any more; a late end still counts
    NOT_SENT = "not_sent"  # certainly not sent; the same form may try again
    WITHDRAWN = "withdrawn"  # stopped before anybody could take it, or before it was sent: it was certainly not run
    DECLINED = "declined"  # an approver said no: it was not sent
    LAPSED = "lapsed"  # it did not get all approvals in time: it was not sent


# Runs that wait for a report, until their deadline.
AWAITED = frozenset({RunState.QUEUED, RunState.SENT, RunState.UNKNOWN, RunState.RUNNING})
OPEN = AWAITED | {RunState.OVERDUE}  # the message was sent, or may have been
UNSENT = frozenset({RunState.WAITING, RunState.DECLINED, RunState.LAPSED})
UNENDED = OPEN | {RunState.WAITING}
# Runs that have ended after they were sent. For another hour, runtask asks the source for a later end.
ENDED = frozenset({RunState.FINISHED, RunState.UNSEEN})
NEVER_RUN = frozenset(RunState) - UNENDED - ENDED  # runs that have ended otherwise


def is_unsent(state: str, sent_at: datetime | None) -> bool:
    """Whether a run that needs approval waits for it, or ended while it was waiting."""
    return state in UNSENT or (state == RunState.WITHDRAWN and sent_at is None)


def after(state: RunState, status: str) -> RunState:
    """The state of an open run once Celery has said `status`."""
    if status in FINAL:
        return RunState.FINISHED
    if status == REJECTED:
        return RunState.UNSEEN
    return state if status in WAITING else RunState.RUNNING


def own(status: str) -> str:
    """The status if the task has set it (`update_state`), such as CANCELLED, which may or may not be an end. Otherwise empty."""
    return "" if status in USUAL else status
