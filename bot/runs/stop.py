"""The verb *stop*: saves who wants a run to stop, and tells workers so, again and again until the run's end is known.

A run whose message is just being sent counts as sent, as its row isn't read again before the message goes out. That is no
problem: workers remember a revoke that arrives before the task.

Workers with Celery 5.6.2 or 5.6.3 that are told to revoke a task mark it as REVOKED at once, even if it is running or has
ended. So its source is asked before each repetition and, with such a Celery, nothing is repeated once a task has begun.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from bot.compat import MARKS_ANY_TASK
from bot.core.audit import Act, Who
from bot.core.ids import team_of
from bot.core.model import Actor, InstallationId, NoticeKind, RunId, TaskId
from bot.core.policy import Denied
from bot.core.ports import NotTold, Stopper
from bot.core.reasons import Code, Reason
from bot.core.rights import Action
from bot.core.status import ABORTED, OPEN, WAITING, RunState
from bot.core.stops import Standing, Way, has_begun, is_stoppable
from bot.models import Run, atomic
from bot.runs import audit, clock, finish, outbox, own, unsent
from bot.runs.denials import Wanted
from bot.runs.door import Admitted, Platform, SeenRun
from bot.runs.follow import catch_up, catch_up_all
from bot.runs.refusals import CantStop, Ended, NotAllowed
from bot.runs.sources import Sources

log = logging.getLogger(__name__)

WITHIN = 2.0  # seconds that telling workers may take
SOON = timedelta(seconds=5)  # between two times that workers are told: new workers don't know of the Stop
LATER = timedelta(seconds=30)  # as SOON, for a task that a worker has begun, and that may be tried again
IDLE = 5.0  # seconds between two looks for runs that are due
BATCH = 200  # runs per look


def hindrance(platform: Platform, run: Run, *, now: datetime) -> Reason | None:
    """Why the run can't be stopped. None: it can. Only for showing buttons: `stop` checks again."""
    if run.state == RunState.WAITING:
        return None
    return platform.stopper.problem() if is_stoppable(run.state, run.deadline_at, now) else Ended.reason


def denied(admitted: Admitted, seen: SeenRun, *, kill: bool = False) -> Denied | None:
    """Why this actor may not stop the run. None: they may. Only for showing buttons: `stop` checks again."""
    return None if _is_own(seen.run, admitted.actor) else admitted.denied(Action.STOP, seen.rules, kill=kill)


def stop(admitted: Admitted, run: RunId, *, kill: bool = False, within: float = WITHIN) -> Run | None:
    """Asks to stop the run. None: there is no such run for this actor. Raises NotAllowed, Ended or CantStop.

    A second Stop changes nothing, unless it adds `kill`. If workers can't be told within `within` seconds, a loop tries again.
    Stopping a run that waits for approval withdraws it. Its requester may always do that.
    """
    with admitted.recorded(Wanted(action=Action.STOP, run=run)):
        seen = admitted.run(run)
        if seen is None:
            return None
        is_waiting = seen.run.state == RunState.WAITING
        if not _is_own(seen.run, admitted.actor):
            admitted.authorise(Action.STOP, seen.rules, kill=kill and not is_waiting)
        return _withdraw(admitted, seen.run) if is_waiting else _revoke(admitted, seen.run, kill=kill, within=within)


def _revoke(admitted: Admitted, found: Run, *, kill: bool, within: float) -> Run:
    """Stops a run that was sent. Raises NotAllowed, Ended or CantStop."""
    platform = admitted.platform
    if kill and not platform.may_kill:
        raise NotAllowed(Denied(code=Code.NO_KILL))
    if catch_up(platform, found):
        found.refresh_from_db()
    now = clock.now()
    if not is_stoppable(found.state, found.deadline_at, now):
        raise Ended(found)
    if (problem := platform.stopper.problem()) is not None:
        raise CantStop(problem)
    if _note(found.pk, admitted.actor, platform.stopper.way(found.task, kill=kill), now):
        _tell(platform.stopper, _due(Run.objects.filter(pk=found.pk), now), now, within)
        platform.wake()
    found.refresh_from_db()
    if found.stop_asked_at is None:  # the run has ended in between
        raise Ended(found)
    return found


def _is_own(run: Run, actor: Actor) -> bool:
    """Whether the run waits for approval and this actor is its requester."""
    return run.state == RunState.WAITING and own.is_user(actor, run.user_id)


def _withdraw(admitted: Admitted, run: Run) -> Run:
    """Withdraws a run that waits for approval. Raises CantStop if somebody has just approved it, or Ended."""
    now, actor = clock.now(), admitted.actor
    asked = {"stop_asked_at": now, "stop_way": Way.WITHDRAW, **_who(run, actor)}
    ended = unsent.end(run.pk, RunState.WITHDRAWN, now=now, by=actor, **asked)
    admitted.platform.wake()
    if ended is None:
        run.refresh_from_db()
        raise CantStop(Reason(code=Code.JUST_APPROVED)) if run.state in OPEN else Ended(run)
    return ended


def _who(run: Run, actor: Actor) -> dict[str, Any]:
    """The columns that say who has asked to stop the run. The Slack account only if it is in the run's workspace."""
    is_there = actor.slack is not None and actor.slack.team == team_of(InstallationId(run.installation))
    return {"stopped_by_id": actor.user, "stopped_by_slack": actor.slack.user if actor.slack and is_there else ""}


@atomic()
def _note(pk: int, actor: Actor, way: Way, now: datetime) -> bool:
    """Saves that the actor wants the run to stop. False if there is nothing new to tell workers."""
    run = Run.objects.select_for_update().get(pk=pk)
    if not is_stoppable(run.state, run.deadline_at, now) or (
        run.stop_asked_at is not None and run.stop_way in (way, Way.TERMINATE)
    ):
        return False
    run.stop_asked_at, run.stop_way, run.stop_due_at = now, way, now
    for name, value in _who(run, actor).items():
        setattr(run, name, value)
    run.save(update_fields=["stop_asked_at", "stop_way", "stop_due_at", "stopped_by", "stopped_by_slack"])
    if run.state != RunState.QUEUED:  # a queued run owes its messages when it is sent, and these will show the Stop
        outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, now=now, at_once=True)
    asked = finish.of_run(Act.RUN_STOP_ASKED, run, way=way.value)
    audit.append(replace(asked, entry=actor.entry, who=Who.of(actor)))
    log.info("run %s: %s asked for (%s)", run.pk, way, actor.name)
    return True


@dataclass(frozen=True)
class Repeating:
    """Tells workers again. `step` runs in its own loop, so that a broker that hangs doesn't block the watcher."""

    stopper: Stopper
    sources: Sources
    deadline: float  # seconds
    secret_keys: tuple[str, ...]
    wake: Callable[[], None]  # called when a notice may be owed

    def step(self) -> float:
        """Returns the seconds until the next step."""
        now = clock.now()
        due = _due(Run.objects.all(), now)
        if not due:
            return IDLE
        if catch_up_all(self.sources, due, deadline=self.deadline, secret_keys=self.secret_keys):
            self.wake()
        _tell(self.stopper, _due(Run.objects.all(), now), now, WITHIN)
        return 0.0 if len(due) == BATCH else IDLE


def _due(runs: QuerySet[Run], now: datetime) -> list[Run]:
    """The runs among these of which workers must be told now."""
    return list(runs.filter(stop_due_at__lte=now).order_by("stop_due_at")[:BATCH])


def _tell(stopper: Stopper, due: list[Run], now: datetime, within: float) -> None:
    """Tells workers to stop the runs, unless another process does it."""
    ours = [(run, _commands(run)) for run in due if _is_our_turn(run, now) and not _is_taken_back(stopper, run, now)]
    for way in (Way.ABORT, Way.REVOKE, Way.TERMINATE):  # marks first: most workers don't replace a mark
        runs = [run for run, commands in ours if way in commands]
        if not runs:
            continue
        try:
            stopper.tell([TaskId(run.task_id) for run in runs], way, within=within)
        except NotTold as exc:  # `_is_our_turn` has set when to try again
            log.warning("workers could not be told to stop %s runs: %s", len(runs), exc)
            untold = [run.pk for run in runs if not run.stop_tries]
            Run.objects.filter(pk__in=untold, stop_tries=1).update(stop_tries=0)  # this try doesn't count


def _commands(run: Run) -> set[Way]:
    """The commands that workers get this time. `run`: as it was read before `_is_our_turn` raised its number of tries.

    If the abort mark or an end is stored already, no mark is written: it would overwrite what is stored.
    """
    way, is_running = Way(run.stop_way), run.state in OPEN and has_begun(run.status, run.started_at)
    if way is Way.TERMINATE:
        return {way}
    is_marked = run.status == ABORTED or run.state not in OPEN
    commands = {Way.ABORT} if way is Way.ABORT and not is_marked else set()
    # A running task is revoked, too, so that it isn't tried again, nor run by another worker if this one dies. But if it is an
    # AbortableTask, a worker could replace the mark that asks it to end.
    is_revoked = not is_running or (way is Way.REVOKE and not (MARKS_ANY_TASK and run.stop_tries))
    return commands | {Way.REVOKE} if is_revoked else commands


def _is_our_turn(run: Run, now: datetime) -> bool:
    """Whether telling workers helps and no other process does it at this moment. Saves when it is due again."""
    helps = is_stoppable(run.state, run.deadline_at, now) or (
        run.stop_standing is Standing.REVOKED and run.deadline_at > now
    )
    pause = LATER if has_begun(run.status, run.started_at) else SOON
    # The condition is the number of tries, as no index has it (`models.still` says why).
    same = Run.objects.filter(pk=run.pk, stop_tries=run.stop_tries)
    if not helps:
        same.update(stop_due_at=None)
        return False
    return bool(same.update(stop_due_at=now + pause, stop_tries=F("stop_tries") + 1))


def _is_taken_back(stopper: Stopper, run: Run, now: datetime) -> bool:
    if run.state not in OPEN or not _has_no_known_start(run) or not stopper.take_back(TaskId(run.task_id)):
        return False
    finish.withdraw(run.pk, now=now)
    return True


def _has_no_known_start(run: Run) -> bool:
    """Whether no worker has reported that it has begun the task."""
    return run.started_at is None and (not run.status or run.status in WAITING)
