"""The verb *see*: finds schedules, and collects what a person sees of a schedule before they run it."""

from django.contrib.auth import get_user_model
from django.db.models import Case, Value, When

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
from bot.core.status import ENDED, OPEN, RunState
from bot.models import Run, database_of
from bot.prepared import Placeholder, Prepared, Row
from bot.runs import basis, limits
from bot.runs.door import Admitted, Platform
from bot.runs.follow import catch_up

NEWEST_OPEN = Prepared(
    # Not ordered by the primary key: PostgreSQL may walk down it through all finished runs.
    lambda: (
        Run.objects.filter(schedule_id=Placeholder("schedule"), state__in=OPEN)
        .order_by(Case(When(state=RunState.OVERDUE, then=Value(1)), default=Value(0)), "-created_at")
        .values_list(
            "pk", "created_at", "sent_at", "team", "slack_user", f"user__{get_user_model().USERNAME_FIELD}", "state"
        )[:1]
    )
)
NEWEST_ENDED = Prepared(  # one state at a time, as a range, as bot.runs.again.RECENT: the cost doesn't grow with history
    lambda: (
        Run.objects.filter(
            schedule_id=Placeholder("schedule"), state__gte=Placeholder("state"), state__lte=Placeholder("state")
        )
        .order_by("-state", "-pk")
        .values_list("pk", "created_at", "sent_at", "finished_at", "status", "state")[:1]
    )
)
NO_RUN: Row = (0, None, None, None, "", "")  # of NEWEST_ENDED


def has_schedules(admitted: Admitted) -> bool:
    return bool(find(admitted, "", 1).first) if admitted.hidden else not admitted.platform.catalog.is_empty()


def find(admitted: Admitted, query: str, limit: int) -> Matches:
    return admitted.platform.catalog.find(query, limit, admitted.hidden)


def named(admitted: Admitted, typed: str) -> tuple[Brief | None, int]:
    """The schedule that `typed` names, and how many schedules match it."""
    return admitted.platform.catalog.named(typed, admitted.hidden)


def preview(admitted: Admitted, schedule: ScheduleId, channel: ChannelId | None = None) -> Preview | None:
    """What the actor sees before they run it. None: there is no such schedule for this actor.

    `channel`: where a run from Slack would report; None: not known yet.
    """
    found = admitted.schedule(schedule)
    return None if found is None else preview_of(admitted, found, channel)


def preview_of(admitted: Admitted, found: Schedule, channel: ChannelId | None = None) -> Preview:
    """Like `preview`, of a schedule that the actor may see."""
    platform = admitted.platform
    target = platform.sender.target(found)
    newest = _newest_open(platform, found)  # before `_last`, because this may find that the run has ended
    return Preview(
        schedule=found,
        when=platform.catalog.when(found),
        target=target,
        stored=basis.of_schedule(platform, found).shown(),
        fingerprint=platform.sealed(found.fingerprint),
        problems=tuple(platform.sender.problems(found)),
        source=platform.source_of(found.task),
        last=_last(platform, found, newest),
        running=_running(admitted, newest),
        limits=limits.of_stored(admitted, found, channel, None if newest is None else newest[0]),
        listening=platform.queues.listening(target.queue),
    )


def _last(platform: Platform, schedule: Schedule, newest_open: Row | None) -> LastRun | None:
    """The last run that has ended: of any sender, such as beat, if the source knows that, otherwise of ours."""
    current = platform.sources.current
    try:
        if current is not None and (found := current.last_run(schedule)) is not None:
            return found
    except SourceSilent:
        pass  # `runtask doctor` and /readyz report it
    return _last_of_ours(schedule, newest_open)


def _last_of_ours(schedule: Schedule, newest_open: Row | None) -> LastRun | None:
    """The newest run that has ended, or of which no more is heard. Its end may be unknown."""
    alias, rows = database_of(Run), list[Row]()
    for state in ENDED:
        rows += NEWEST_ENDED.rows(alias, schedule=schedule.id, state=state.value)
    run, created_at, sent_at, finished_at, status, state = max(rows, default=NO_RUN)  # the run with the highest id
    if newest_open is not None and newest_open[-1] == RunState.OVERDUE and newest_open[0] > run:
        _, created_at, sent_at, *_, state = newest_open
    if not state:
        return None
    if state == RunState.FINISHED and finished_at is not None:
        return LastRun(status=status, at=finished_at)
    return LastRun(status="", at=sent_at or created_at)


def _newest_open(platform: Platform, schedule: Schedule) -> Row | None:
    """The newest open run: an overdue one only if all are. Unless it is overdue, its source is asked first: it may have ended."""
    alias = database_of(Run)
    row = NEWEST_OPEN.first(alias, schedule=schedule.id)
    if row is not None and row[-1] != RunState.OVERDUE and catch_up(platform, Run.objects.get(pk=row[0])):
        return NEWEST_OPEN.first(alias, schedule=schedule.id)
    return row


def _running(admitted: Admitted, newest: Row | None) -> Running | None:
    """The newest run that may still be running. An overdue run doesn't count."""
    if newest is None or newest[-1] == RunState.OVERDUE:
        return None
    run, since, _, team, requester, name, state = newest
    return Running(
        run=RunId(run),
        since=since,
        requester=account_if_in_same_team(admitted.actor, team, requester),
        name=name or "",
        is_running=state == RunState.RUNNING,
    )


def account_if_in_same_team(actor: Actor, team: str, requester: str) -> SlackUserId:
    """A requester's Slack account, for this actor. Empty if they are in different workspaces: there, the id means somebody else."""
    return SlackUserId(requester if actor.slack is None or actor.slack.team == team else "")
