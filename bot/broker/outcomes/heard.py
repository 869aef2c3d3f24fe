"""Makes outcomes from the events that workers send about one task. Pure, but the present time replaces a nonsensical date.

Events may come twice and in any order, from several workers. Clocks of different workers can't be compared. Each worker counts
its events (`clock`, a Lamport clock). A worker that restarts begins to count again, usually with another process id.

Rules: (1) An end always counts. (2) Another event counts only if no end was recorded. (3) If the last event that counted is from
the same worker, the `clock` of the new one must be higher.

Celery's texts of results and exceptions are shortened reprs.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from bot.broker.outcomes.dates import as_django
from bot.broker.outcomes.shown import outcome
from bot.core.model import Outcome
from bot.core.status import FINAL, REJECTED
from bot.core.stops import EXPIRED, TERMINATED
from bot.runs import clock

Event = Mapping[str, Any]
TASK_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # the form of our runs' task ids
STATUSES = {  # as in celery/events/state.py, without `task-sent`, which tells us nothing new
    "task-received": "RECEIVED",
    "task-started": "STARTED",
    "task-retried": "RETRY",
    "task-rejected": REJECTED,
    "task-succeeded": "SUCCESS",
    "task-failed": "FAILURE",
    "task-revoked": "REVOKED",
}
WRAPPED = "ExceptionWithTraceback()"  # what Celery shows of TimeLimitExceeded and WorkerLostError
CLOCK_LIMIT = 2**63  # a worker's clock is below this; larger values are nonsense


class Mark(NamedTuple):
    """An event's place in its worker's order. As text, it is the token of the outcome."""

    clock: int
    status: str
    worker: str  # a hash of the worker's name and process id

    @classmethod
    def of(cls, event: Event) -> "Mark":
        pid, count = event.get("pid"), event.get("clock")
        who = f"{_plain(event.get('hostname'))} {pid if isinstance(pid, int) else 0}"
        return cls(
            count if isinstance(count, int) and 0 <= count < CLOCK_LIMIT else 0,
            status(event),
            hashlib.sha256(who.encode(errors="replace")).hexdigest()[:16],
        )

    @classmethod
    def load(cls, token: str) -> "Mark | None":
        """Reads a mark from its text. None: nothing was recorded yet, or another source recorded it."""
        count, _, rest = token.partition(" ")
        status, _, worker = rest.partition(" ")
        return cls(int(count), status, worker) if count.isdecimal() and worker else None

    def __str__(self) -> str:
        return f"{self.clock} {self.status} {self.worker}"


def of_tasks(body: Any) -> list[Event]:
    """The events in a message's body that may be about our runs. Prefork workers send several in one message."""
    events = body if isinstance(body, list) else [body]
    return [event for event in events if isinstance(event, dict) and _may_be_ours(event)]


def status(event: Event) -> str:
    return STATUSES[event["type"]]


def news(seen: str, events: Iterable[Event], *, has_ended: bool) -> list[Outcome]:
    """The outcomes that events of one task add: all ends or, if there is none, the newest other status.

    `seen` is the token that was recorded last. `events` are in the order in which they came.
    """
    listed = list(events)
    starts = [(Mark.of(event).worker, _at(event)) for event in listed if status(event) == "STARTED"]
    ends: dict[str, Outcome] = {}
    newest: Event | None = None
    last = Mark.load(seen)  # the mark of the last event that counted
    for event in listed:
        mark = Mark.of(event)
        if mark.status in FINAL:
            if str(mark) != seen:
                ends.setdefault(str(mark), _outcome(event, mark, starts))
        elif not has_ended and (last is None or last.worker != mark.worker or last.clock < mark.clock):
            newest, last = event, mark
    if ends or newest is None or last is None:
        return list(ends.values())
    return [_outcome(newest, last, starts)]


def _may_be_ours(event: Event) -> bool:
    kind, task = event.get("type"), event.get("uuid")
    if not isinstance(kind, str) or kind not in STATUSES or not isinstance(task, str):
        return False
    is_back_in_its_queue = kind == "task-rejected" and bool(event.get("requeue"))
    return not is_back_in_its_queue and TASK_ID.fullmatch(task) is not None


def _outcome(event: Event, mark: Mark, starts: list[tuple[str, datetime]]) -> Outcome:
    at = _at(event)
    return outcome(
        event["uuid"],
        mark.status,
        str(mark),
        at,
        text=_text(event),
        traceback=_plain(event.get("traceback")),
        worker=_plain(event.get("hostname")),
        started_at=_started(event, mark, at, starts),
    )


def _started(event: Event, mark: Mark, at: datetime, starts: list[tuple[str, datetime]]) -> datetime | None:
    """The time at which the task started, by the clock of the event's worker. None: unknown."""
    if mark.status == "STARTED":
        return at
    known = [start for worker, start in starts if worker == mark.worker and start <= at]
    runtime = event.get("runtime")
    if known or mark.status != "SUCCESS" or not isinstance(runtime, (int, float)) or not 0 <= runtime < 10**9:
        return max(known, default=None)
    return at - timedelta(seconds=runtime)


def _at(event: Event) -> datetime:
    """The time of the event by the worker's clock, or the present time if that is nonsense."""
    stamp = event.get("timestamp")
    try:
        at = as_django(datetime.fromtimestamp(stamp, UTC)) if isinstance(stamp, (int, float)) and stamp > 0 else None
    except (ValueError, OverflowError, OSError):
        at = None
    return at or clock.last()


def _text(event: Event) -> str:
    said = status(event)
    if said == "SUCCESS":
        result = _plain(event.get("result"))
        return "" if result == "None" else result  # the value None; the text "None" would be in quotes
    if said == "REVOKED":  # the words that Celery stores as a result (celery/worker/request.py, _announce_revoked)
        why = TERMINATED if event.get("terminated") else EXPIRED if event.get("expired") else "revoked"
        return f"TaskRevokedError: {why}"
    exception, traceback = _plain(event.get("exception")), _plain(event.get("traceback"))
    return _last_line(traceback) or exception if exception == WRAPPED else exception


def _last_line(traceback: str) -> str:
    """The last line of a traceback, `package.Type: message`, without the package."""
    name, colon, message = traceback.rstrip().rpartition("\n")[2].partition(": ")
    return f"{name.rpartition('.')[2]}{colon}{message}"


def _plain(value: Any) -> str:
    """The value if it is a text, otherwise an empty text. Celery sends texts only, so anything else is forged."""
    return value if isinstance(value, str) else ""
