"""The verb *see*: finds schedules, and collects what a person sees of a schedule before they run it."""

from django.contrib.auth import get_user_model

from bot.core.model import Actor, Brief, Matches, Preview, RunId, Running, Schedule, ScheduleId, SlackUserId
from bot.core.policy import Action, Subject
from bot.core.status import AWAITED
from bot.models import Run, database_of
from bot.prepared import Placeholder, Prepared
from bot.runs.door import Platform, authorise

NEWEST_RUNNING = Prepared(
    # Not ordered by the primary key: PostgreSQL may walk down it through all finished runs.
    lambda: (
        Run.objects.filter(schedule_id=Placeholder("schedule"), state__in=AWAITED)
        .order_by("-created_at")
        .values_list("pk", "created_at", "slack_user", f"user__{get_user_model().USERNAME_FIELD}")[:1]
    )
)


def has_schedules(platform: Platform, actor: Actor) -> bool:
    authorise(actor, Action.SEE)
    return not platform.catalog.is_empty()


def find(platform: Platform, actor: Actor, query: str, limit: int) -> Matches:
    authorise(actor, Action.SEE)
    return platform.catalog.find(query, limit)


def named(platform: Platform, actor: Actor, typed: str) -> tuple[Brief | None, int]:
    """The schedule that `typed` names, and how many match."""
    authorise(actor, Action.SEE)
    return platform.catalog.named(typed)


def preview(platform: Platform, actor: Actor, schedule: ScheduleId) -> Preview | None:
    """None: there is no such schedule."""
    authorise(actor, Action.SEE, Subject(schedule=schedule))
    found = platform.catalog.get(schedule)
    if found is None:
        return None
    target = platform.sender.target(found)
    return Preview(
        schedule=found,
        when=platform.catalog.when(found),
        target=target,
        problems=tuple(platform.sender.problems(found)),
        last=platform.catalog.last_run(found),
        running=_running(found),
        has_worker=None if platform.queues is None else platform.queues.has_worker(target.queue),
    )


def _running(schedule: Schedule) -> Running | None:
    """The newest run that may be going on. An overdue run doesn't count."""
    row = NEWEST_RUNNING.first(database_of(Run), schedule=schedule.id)
    if row is None:
        return None
    run, since, requester, name = row
    return Running(run=RunId(run), since=since, requester=SlackUserId(requester), name=name or "")
