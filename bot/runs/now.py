"""Lists the open runs that a person may see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, QuerySet, Value, When

from bot.core.model import Actor, Brief, RunId, ScheduleId, SlackUserId
from bot.core.rights import Action
from bot.core.status import OPEN, RunState
from bot.models import Run
from bot.runs import clock, installations, links, own, see, stop
from bot.runs.door import Admitted

MOST = 10  # runs in the list, at most
LOOKED_AT = 200  # open runs that are counted, at most


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRun:
    """A run that has not ended."""

    run: RunId
    schedule: str
    requester: SlackUserId  # empty: the run wasn't asked for in Slack, or in another workspace than the reader's
    name: str  # the requester's user name on the site; empty: the user was deleted
    is_own: bool
    since: datetime
    state: RunState
    status: str  # Celery's
    can_stop: bool  # whether the reader may stop it and workers can be told; False if somebody has asked already
    is_stopping: bool  # whether somebody has asked to stop it
    is_own_stop: bool  # whether the reader has asked to stop it
    thread: str  # the address of the run's thread; empty: it has none, or the address isn't known yet
    page: str  # the address of the run's page; empty: there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """The first open runs, the actor's own before the others, each newest first."""

    first: tuple[OpenRun, ...]
    more: int  # how many other open runs the actor may see
    is_more_at_least: bool  # whether there may be more than `more`, as not all were counted


def running(admitted: Admitted) -> Now:
    """The open runs that the actor may see."""
    visible = list(admitted.visible(open_runs(admitted.actor)).values_list("pk", flat=True)[:LOOKED_AT])
    rows = Run.objects.select_related("user").in_bulk(visible[:MOST])
    schedules = admitted.briefs({ScheduleId(run.schedule_id) for run in rows.values()})
    addresses = installations.addresses(rows.values())
    first = (rows[pk] for pk in visible[:MOST] if pk in rows)
    return Now(
        first=tuple(
            _shown(admitted, run, schedules.get(ScheduleId(run.schedule_id)), addresses[run.installation])
            for run in first
        ),
        more=len(visible[MOST:]),
        is_more_at_least=len(visible) == LOOKED_AT,
    )


def open_runs(actor: Actor) -> QuerySet[Run]:
    """All open runs, the actor's own first. The only condition is the state, so that the database reads only open runs.

    With a condition on the user, it might read all runs that the user has ever had. Ordered by the primary key alone, it might
    read all finished runs (bot.models.run.Run).
    """
    others_last: Any = Case(When(user_id=actor.user, then=Value(0)), default=Value(1))
    return Run.objects.filter(state__in=OPEN).order_by(others_last, "-created_at", "-pk")


def _shown(admitted: Admitted, run: Run, schedule: Brief | None, workspace: str) -> OpenRun:
    platform, actor = admitted.platform, admitted.actor
    may_stop = admitted.denied(Action.STOP, admitted.rules_of_run(run, schedule)) is None
    is_stopping = run.stop_asked_at is not None
    hindrance = stop.hindrance(platform, run, now=clock.now())
    return OpenRun(
        run=RunId(run.pk),
        schedule=run.schedule_name,
        requester=see.account_if_in_same_team(actor, run.team, run.slack_user),
        name="" if run.user is None else run.user.get_username(),
        is_own=own.is_user(actor, run.user_id),
        since=run.created_at,
        state=RunState(run.state),
        status=run.status,
        can_stop=may_stop and not is_stopping and hindrance is None,
        is_stopping=is_stopping,
        is_own_stop=own.is_user(actor, run.stopped_by_id),
        thread=links.thread(workspace, run),
        page=links.page(platform.base_url, run),
    )
