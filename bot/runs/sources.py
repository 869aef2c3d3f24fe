"""The sources of outcomes: which ones there are, whether they answer, and which runs' ends they can't know any more."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from bot.core.model import Source, TaskId
from bot.core.ports import Outcomes
from bot.core.reasons import PROBLEM_LIMIT, Code, Reason
from bot.core.status import AWAITED, OPEN
from bot.models import Run, SourceHealth, atomic, writers_turn
from bot.models.primary import put
from bot.runs import finish, outbox

BATCH = 500  # runs per transaction
NO_TASK = TaskId("runtask-nothing")  # a task that doesn't exist: we ask for it to see whether the source answers
HELD = timedelta(seconds=5)  # if the process that follows a source is silent for longer, it counts as dead
# If nobody has asked a source for longer, no watcher runs: it would ask several times a second, and save that every 10 s.
UNASKED = timedelta(minutes=2)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sources:
    """The sources by name. `for_new_runs`: the source of runs that start now. Earlier runs may have other sources."""

    for_new_runs: Source = Source.NONE
    all: Mapping[str, Outcomes] = field(default_factory=dict)

    @property
    def current(self) -> Outcomes | None:
        """The source of new runs. None: what the settings name isn't installed."""
        return self.all.get(self.for_new_runs)

    def of(self, run: Run) -> Outcomes | None:
        """The source of this run's outcome. None: it isn't installed, or only a later version knows it."""
        return self.all.get(run.source)


def _health(source: Source) -> SourceHealth | None:
    return SourceHealth.objects.filter(pk=source).first()


def problem(source: Source) -> Reason | None:
    """Why the source doesn't answer. None: it answers, or nobody has asked it yet."""
    health = _health(source)
    return Reason.load(health.problem) if health is not None and health.problem else None


def unasked_since(source: Source, *, now: datetime) -> datetime | None:
    """The time since which nobody has asked the source. None: somebody asked within UNASKED, or no run has waited for longer."""
    waiting = Run.objects.filter(source=source, state__in=AWAITED, created_at__lte=now - UNASKED).order_by("created_at")
    first = waiting.values_list("created_at", flat=True).first()
    if first is None:
        return None
    health = _health(source)
    since = _unread_since(first, None if health is None else health.answered_at)
    return since if since <= now - UNASKED else None


def lags(waiting: Mapping[str, datetime], *, now: datetime) -> dict[str, float]:
    """For each source, for how many seconds nobody has read it although runs wait for their results; 0 if none waits.

    `waiting`: since when the oldest of these runs waits, by source.
    """
    read = dict(SourceHealth.objects.values_list("source", "answered_at"))
    since = {source: _unread_since(first, read.get(source)) for source, first in waiting.items()}
    return {source: max(0.0, (now - since.get(source, now)).total_seconds()) for source in {*read, *waiting}}


def _unread_since(first: datetime, answered_at: datetime | None) -> datetime:
    return first if answered_at is None else max(first, answered_at)


def answered(outcomes: Outcomes, *, now: datetime) -> int:
    """Asks the source, and saves that it answers.

    Before saving that, ends runs whose result may have come and gone while nobody asked. Returns how many. Raises SourceSilent.
    """
    outcomes.of(NO_TASK)
    ended = end_expired(outcomes, now=now)
    _write(outcomes.source, answered_at=now, problem="")
    return ended


def silent(outcomes: Outcomes, why: Reason) -> None:
    log.warning("results can't be read now: %s (%s)", why.code, ", ".join(map(str, why.params.values())))
    _write(outcomes.source, problem=why.dump(PROBLEM_LIMIT))


def hold(source: Source, holder: str, *, now: datetime) -> bool:
    """Claims, or keeps, a source that only one process may follow at a time. False: another process has it."""
    free = Q(holder=holder) | Q(held_until=None) | Q(held_until__lte=now)
    rows = SourceHealth.objects.filter(free, pk=source)
    with writers_turn():
        if rows.update(holder=holder, held_until=now + HELD):
            return True
        if SourceHealth.objects.filter(pk=source).exists():
            return False
        SourceHealth.objects.bulk_create([SourceHealth(source=source)], ignore_conflicts=True)  # as in `_write`
        return bool(rows.update(holder=holder, held_until=now + HELD))


def let_go(source: Source, holder: str, *, now: datetime) -> None:
    """Lets another process take over at once."""
    with writers_turn():
        SourceHealth.objects.filter(pk=source, holder=holder, held_until__gt=now).update(held_until=now)


def followed_until(source: Source) -> datetime | None:
    """Until when a process has certainly followed the source. None: no process has ever followed it."""
    health = _health(source)
    return None if health is None or health.held_until is None else health.held_until - HELD


def missed(source: Source, *, before: datetime, still_there: Collection[str]) -> int:
    """Notes, for open runs from before that moment, that we may have missed their end. Returns for how many runs.

    `still_there`: the ids of tasks that a worker has at this moment. These runs haven't ended.
    """
    runs = Run.objects.filter(source=source, state__in=OPEN, created_at__lt=before, unseen_because="")
    found = [pk for pk, task in runs.order_by().values_list("pk", "task_id") if task not in still_there]
    because = Reason(code=Code.UNHEARD).dump()
    noted = 0
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        with atomic():
            outbox.lock(Run.objects.filter(pk__in=batch))
            noted += runs.filter(pk__in=batch).update(unseen_because=because)
    return noted


def _write(source: Source, **values: object) -> None:
    with writers_turn():
        put(SourceHealth, {"source": source}, values)


def end_expired(outcomes: Outcomes, *, now: datetime, only: int | None = None) -> int:
    """Ends runs as unseen if nobody has asked the source for longer than results live: theirs may be gone. Returns how many."""
    if outcomes.life is None:
        return 0
    gone = now - timedelta(seconds=outcomes.life)  # a result from before this moment may be deleted
    health = _health(outcomes.source)
    if health is not None and health.answered_at is not None and health.answered_at > gone:
        return 0
    # A run that had to wait for approval was sent later than it was asked for.
    of_source = Run.objects.filter(source=outcomes.source, state__in=OPEN, created_at__lt=gone)
    runs = of_source.exclude(sent_at__gte=gone).order_by()
    if only is not None:
        runs = runs.filter(pk=only)
    ended = 0
    why = Reason(code=Code.RESULT_EXPIRED, params={"seconds": round(outcomes.life)})
    for pk, task in list(runs.values_list("pk", "task_id")):
        if not outcomes.of(TaskId(task)):
            ended += finish.end_unseen(pk, why, now=now)
    return ended
