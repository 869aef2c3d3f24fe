"""The states of a run, and how Celery's status moves it from one to the next."""

from enum import StrEnum

FINAL = frozenset({"SUCCESS", "FAILURE", "REVOKED"})  # celery.states.READY_STATES; a test keeps them equal
# Nothing has happened yet. An AbortableTask that may not have begun is marked ABORTED.
WAITING = frozenset({"PENDING", "RECEIVED", "ABORTED"})
REJECTED = "REJECTED"  # no worker runs it any more, unless the broker has another use for its message


class RunState(StrEnum):
    """How far a run is."""

    QUEUED = "queued"  # the row is saved; the message may or may not have been sent
    SENT = "sent"  # the broker has confirmed the message
    UNKNOWN = "unknown"  # the broker didn't answer: the message may have been sent
    RUNNING = "running"  # a worker has reported something
    OVERDUE = "overdue"  # the deadline passed without a report, and the thread says so; a late result still counts
    FINISHED = "finished"
    UNSEEN = "unseen"  # it was sent, but how it ended can't be known any more; a late end still counts
    NOT_SENT = "not_sent"  # certainly not sent; the same form may try again
    WITHDRAWN = "withdrawn"  # stopped before anybody could take it: it was certainly not run


# Runs that wait for a report, until their deadline.
AWAITED = frozenset({RunState.QUEUED, RunState.SENT, RunState.UNKNOWN, RunState.RUNNING})
OPEN = AWAITED | {RunState.OVERDUE}
ENDED = frozenset({RunState.FINISHED, RunState.UNSEEN})  # for an hour more, their source is asked for another end


def after(state: RunState, status: str) -> RunState:
    """The state of an open run once Celery has said `status`."""
    if status in FINAL:
        return RunState.FINISHED
    if status == REJECTED:
        return RunState.UNSEEN
    return state if status in WAITING else RunState.RUNNING
