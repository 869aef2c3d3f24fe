"""The states of a run, and how Celery's words move it from one to the next."""

from enum import StrEnum

FINAL = frozenset({"SUCCESS", "FAILURE", "REVOKED"})  # celery.states.READY_STATES; a test keeps them equal
WAITING = frozenset({"PENDING", "RECEIVED"})  # nothing has happened yet


class RunState(StrEnum):
    """How far a run is."""

    QUEUED = "queued"  # the row stands, the message may or may not be out
    SENT = "sent"  # the broker took it
    UNKNOWN = "unknown"  # the broker didn't answer: it may have been sent
    RUNNING = "running"  # a worker has said something
    OVERDUE = "overdue"  # no word for so long that the thread was told; a late result still counts
    FINISHED = "finished"
    NOT_SENT = "not_sent"  # certainly refused; the same form may try again


OPEN = frozenset({RunState.QUEUED, RunState.SENT, RunState.UNKNOWN, RunState.RUNNING, RunState.OVERDUE})

WORDS = {
    RunState.QUEUED: "may or may not have been sent",
    RunState.SENT: "sent",
    RunState.UNKNOWN: "may have been sent: the broker didn't answer",
    RunState.RUNNING: "running",
    RunState.OVERDUE: "no word yet",
    RunState.NOT_SENT: "not sent",
}  # a finished run is told by Celery's status


def how_far(state: RunState, status: str) -> str:
    """In words; a failed try that Celery will repeat is no running."""
    return "waits to be tried again" if state is RunState.RUNNING and status == "RETRY" else WORDS[state]


def is_final(status: str) -> bool:
    return status in FINAL


def after(state: RunState, status: str) -> RunState:
    """The state of an open run once Celery has said `status`."""
    if is_final(status):
        return RunState.FINISHED
    return state if status in WAITING else RunState.RUNNING
