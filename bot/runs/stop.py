"""The verb *stop*: notes who wants a run to stop, and tells workers so, again and again until its end is seen.

Whether a message goes out isn't decided in the row: between the row's `queued` and the message there is no second look at it. So
a run that is just being sent counts as sent. Workers remember what they are told, also before the task reaches them.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import F, QuerySet

from bot.core.audit import Act, Who
from bot.core.model import Actor, NoticeKind, RunId, ScheduleId, TaskId
from bot.core.policy import Action, Denied
from bot.core.ports import NotTold, Stopper
from bot.core.reasons import Code, Reason
from bot.core.status import OPEN, WAITING, RunState
from bot.core.stops import Standing, Way
from bot.models import Run, atomic
from bot.runs import audit, clock, denials, finish, outbox, unsent
from bot.runs.door import Platform, admit
from bot.runs.follow import catch_up
from bot.runs.refusals import CantStop, Ended, NotAllowed

log = logging.getLogger(__name__)

WITHIN = 2.0  # seconds for telling workers
SOON = timedelta(seconds=5)  # until they are told again. A worker that has started meanwhile knows nothing of it.
LATER = timedelta(seconds=30)  # the same, for a task that a worker has begun
IDLE = 5.0  # seconds between two looks
BATCH = 200


def hindrance(platform: Platform, run: Run, *, now: datetime) -> Reason | None:
    """Why it can't be stopped, if it can't. For buttons; `stop` decides again."""
    if run.state == RunState.WAITING:
        return None
    return platform.stopper.problem() if _is_stoppable(run, now) else Ended.reason


def denied(platform: Platform, actor: Actor, run: Run) -> Denied | None:
    """Why this actor may not stop it. For buttons; `stop` decides again."""
    admitted, schedule = admit(platform, actor), platform.catalog.get(ScheduleId(run.schedule_id))
    return None if _is_own(run, actor) else admitted.denied(Action.STOP, schedule, admitted.rules_of(schedule))


def stop(platform: Platform, actor: Actor, run: RunId, *, kill: bool = False, within: float = WITHIN) -> Run | None:
    """The run. None: there is no such run for this actor. Raises NotAllowed, Ended or CantStop.

    A second Stop changes nothing, but may ask for more (`kill`). If workers can't be told within that time, it is repeated.
    A run that waits for approval is withdrawn; its requester may always do that.
    """
    with denials.recorded(platform, actor, Action.STOP, run=run):
        return _stop(platform, actor, run, kill=kill, within=within)


def _stop(platform: Platform, actor: Actor, run: RunId, *, kill: bool, within: float) -> Run | None:
    admitted = admit(platform, actor)
    found = admitted.run(run)
    if found is None:
        return None
    schedule = platform.catalog.get(ScheduleId(found.schedule_id))
    if not _is_own(found, actor):
        admitted.authorise(Action.STOP, schedule, kill=kill and found.state != RunState.WAITING)
    if found.state == RunState.WAITING:
        return _withdraw(platform, actor, found)
    return _revoke(platform, actor, found, kill=kill, within=within)


def _revoke(platform: Platform, actor: Actor, found: Run, *, kill: bool, within: float) -> Run:
    """A run that was sent. Raises NotAllowed, Ended or CantStop."""
    if kill and not platform.may_kill:
        raise NotAllowed(Denied(code=Code.NO_KILL))
    if catch_up(platform, found):
        found.refresh_from_db()
    now = clock.now()
    if not _is_stoppable(found, now):
        raise Ended(found)
    if (problem := platform.stopper.problem()) is not None:
        raise CantStop(problem)
    if _note(found.pk, actor, platform.stopper.way(found.task, kill=kill), now):
        _tell(platform.stopper, Run.objects.filter(pk=found.pk), now, within)
        platform.wake()
    found.refresh_from_db()
    if found.stop_asked_at is None:  # it has ended in between
        raise Ended(found)
    return found


def _is_own(run: Run, actor: Actor) -> bool:
    """Whether it waits for approval, and this actor has asked for it."""
    return run.state == RunState.WAITING and run.user_id is not None and str(run.user_id) == actor.user


def _withdraw(platform: Platform, actor: Actor, run: Run) -> Run:
    """Of presses in the same moment, one ends it: this one, an approval, or another. Raises Ended, or CantStop if it is sent now."""
    now = clock.now()
    asked = {"stop_asked_at": now, "stop_way": Way.WITHDRAW, **_who(run, actor)}
    ended = unsent.end(run.pk, RunState.WITHDRAWN, now=now, by=actor, **asked)
    platform.wake()
    if ended is None:
        run.refresh_from_db()
        raise CantStop(Reason(code=Code.JUST_APPROVED)) if run.state in OPEN else Ended(run)
    return ended


def _who(run: Run, actor: Actor) -> dict[str, Any]:
    """The columns of who has asked for it."""
    team = run.installation.partition("/")[0]
    is_there = actor.slack is not None and actor.slack.team == team
    return {"stopped_by_id": actor.user, "stopped_by_slack": actor.slack.user if actor.slack and is_there else ""}


@atomic()
def _note(pk: int, actor: Actor, way: Way, now: datetime) -> bool:
    """False if there is nothing new to tell."""
    run = Run.objects.select_for_update().get(pk=pk)
    if not _is_stoppable(run, now) or (run.stop_asked_at is not None and run.stop_way in (way, Way.TERMINATE)):
        return False
    run.stop_asked_at, run.stop_way, run.stop_due_at = now, way, now
    for name, value in _who(run, actor).items():
        setattr(run, name, value)
    run.save(update_fields=["stop_asked_at", "stop_way", "stop_due_at", "stopped_by", "stopped_by_slack"])
    if run.state != RunState.QUEUED:  # if that one is sent, its messages are owed and show this
        outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, now=now, at_once=True)
    asked = finish.of_run(Act.RUN_STOP_ASKED, run, way=way.value)
    audit.append(replace(asked, entry=actor.entry, who=Who.of(actor)))
    log.info("run %s: %s asked for (%s)", run.pk, way, actor.name)
    return True


@dataclass(frozen=True)
class Repeating:
    """A step of a loop of its own, so that a broker that hangs doesn't hold the watcher."""

    stopper: Stopper

    def step(self) -> float:
        """Returns the seconds until the next one."""
        now = clock.now()
        return 0.0 if _tell(self.stopper, Run.objects.filter(stop_due_at__lte=now), now, WITHIN) == BATCH else IDLE


def _tell(stopper: Stopper, runs: QuerySet[Run], now: datetime, within: float) -> int:
    """Those that are due. Returns how many that were."""
    due = list(runs.filter(stop_due_at__lte=now).order_by("stop_due_at")[:BATCH])
    left = [run for run in due if _is_our_turn(run, now) and not _is_taken_back(stopper, run, now)]
    for way, same in groupby(sorted(left, key=lambda run: run.stop_way), key=lambda run: run.stop_way):
        tasks = [TaskId(run.task_id) for run in same]
        try:
            stopper.tell(tasks, Way(way), within=within)
        except NotTold as exc:  # the next time is noted
            log.warning("workers could not be told to stop %s runs: %s", len(tasks), exc)
    return len(due)


def _is_our_turn(run: Run, now: datetime) -> bool:
    """Whether telling helps, and no other process does it at this moment. Notes when it is due again."""
    helps = _is_stoppable(run, now) or (run.stop_standing is Standing.REVOKED and run.deadline_at > now)
    pause = SOON if run.started_at is None else LATER
    # By the number of tries and not by the time: no index can answer that (`models.still`).
    same = Run.objects.filter(pk=run.pk, stop_tries=run.stop_tries)
    if not helps:
        same.update(stop_due_at=None)
        return False
    return bool(same.update(stop_due_at=now + pause, stop_tries=F("stop_tries") + 1))


def _is_taken_back(stopper: Stopper, run: Run, now: datetime) -> bool:
    if run.state not in OPEN or not _is_unheard_of(run) or not stopper.take_back(TaskId(run.task_id)):
        return False
    finish.withdraw(run.pk, now=now)
    return True


def _is_unheard_of(run: Run) -> bool:
    """No worker has reported that it has begun."""
    return run.started_at is None and (not run.status or run.status in WAITING)


def _is_stoppable(run: Run, now: datetime) -> bool:
    """Also a run whose end can't be known may wait in a queue."""
    return run.state in OPEN or (run.state == RunState.UNSEEN and run.deadline_at > now)
