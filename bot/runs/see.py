"""The verb *see*: finds schedules, and collects what a person sees of a schedule before they run it."""

from django.contrib.auth import get_user_model
from django.db.models import F

from bot.core.model import (
    Actor,
    Brief,
    ChannelId,
    LastRun,
    Matches,
    Preview,
    RunId,
    Running,
    Schedule,
    ScheduleId,
    SlackUserId,
)
from bot.core.ports import SourceSilent
from bot.core.status import AWAITED, RunState
from bot.models import Run, database_of
from bot.prepared import Placeholder, Prepared
from bot.runs import basis, limits
from bot.runs.door import Platform, admit
from bot.runs.follow import catch_up

NEWEST_RUNNING = Prepared(
    # Not ordered by the primary key: PostgreSQL may walk down it through all finished runs.
    lambda: (
        Run.objects.filter(schedule_id=Placeholder("schedule"), state__in=AWAITED)
        .order_by("-created_at")
        .values_list("pk", "created_at", "team", "slack_user", f"user__{get_user_model().USERNAME_FIELD}", "state")[:1]
    )
)
NEWEST_ENDED = Prepared(
    lambda: (
        Run.objects.filter(schedule_id=Placeholder("schedule"), state=RunState.FINISHED, finished_at__isnull=False)
        .order_by((F("pk") + 0).desc())  # without `+ 0`, PostgreSQL would walk down the primary key through other runs
        .values_list("status", "finished_at")[:1]
    )
)


def has_schedules(platform: Platform, actor: Actor) -> bool:
    hidden = admit(platform, actor).hidden
    return bool(find(platform, actor, "", 1).first) if hidden else not platform.catalog.is_empty()


def find(platform: Platform, actor: Actor, query: str, limit: int) -> Matches:
    return platform.catalog.find(query, limit, admit(platform, actor).hidden)


def named(platform: Platform, actor: Actor, typed: str) -> tuple[Brief | None, int]:
    """The schedule that `typed` names, and how many schedules match it."""
    return platform.catalog.named(typed, admit(platform, actor).hidden)


def preview(platform: Platform, actor: Actor, schedule: ScheduleId, channel: ChannelId | None = None) -> Preview | None:
    """What the actor sees before they run it. None: there is no such schedule for this actor.

    `channel`: where a run from Slack would report; None: not known yet.
    """
    admitted = admit(platform, actor)
    found = admitted.schedule(schedule)
    if found is None:
        return None
    target = platform.sender.target(found)
    running = _running(platform, actor, found)  # must come before `_last`: it may find that this run has ended
    return Preview(
        schedule=found,
        when=platform.catalog.when(found),
        target=target,
        stored=basis.of_schedule(platform, found).shown(),
        fingerprint=platform.sealed(found.fingerprint),
        problems=tuple(platform.sender.problems(found)),
        source=platform.source_of(found.task),
        last=_last(platform, found),
        running=running,
        limits=limits.of_stored(admitted, found, channel),
        listening=platform.queues.listening(target.queue),
    )


def _last(platform: Platform, schedule: Schedule) -> LastRun | None:
    """The last run that has ended: of any sender, such as beat, if the source knows that, otherwise of ours."""
    current = platform.sources.current
    try:
        if current is not None and (found := current.last_run(schedule)) is not None:
            return found
    except SourceSilent:
        pass  # `runtask doctor` and /readyz report it
    row = NEWEST_ENDED.first(database_of(Run), schedule=schedule.id)
    return None if row is None else LastRun(status=row[0], at=row[1])


def _running(platform: Platform, actor: Actor, schedule: Schedule) -> Running | None:
    """The newest run that may still be running. An overdue run doesn't count."""
    row = NEWEST_RUNNING.first(database_of(Run), schedule=schedule.id)
    if row is None:
        return None
    if catch_up(platform, Run.objects.get(pk=row[0])):  # perhaps nobody has asked yet how it ended
        row = NEWEST_RUNNING.first(database_of(Run), schedule=schedule.id)
        if row is None:
            return None
    run, since, team, requester, name, state = row
    return Running(
        run=RunId(run),
        since=since,
        requester=account_if_in_same_team(actor, team, requester),
        name=name or "",
        is_running=state == RunState.RUNNING,
    )


def account_if_in_same_team(actor: Actor, team: str, requester: str) -> SlackUserId:
    """A requester's Slack account, for this actor. Empty if they are in different workspaces: there, the id means somebody else."""
    return SlackUserId(requester if actor.slack is None or actor.slack.team == team else "")
