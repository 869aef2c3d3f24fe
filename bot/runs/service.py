"""The one door: whoever wants to see schedules or start a run comes through here and is checked here."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.utils import timezone

from bot.core import arguments, changes, policy, signature
from bot.core.arguments import Invalid
from bot.core.budget import Budget
from bot.core.model import (
    Actor,
    Brief,
    ChannelId,
    Destination,
    Dispatch,
    Field,
    Look,
    Matches,
    NoticeKind,
    Problem,
    RunId,
    Running,
    RunRequest,
    Schedule,
    ScheduleId,
    SlackUserId,
    TaskId,
    TeamId,
)
from bot.core.ports import Catalog, FateUnknown, NotSent, Outcomes, Sender, Workers
from bot.core.status import OPEN, RunState
from bot.core.target import words
from bot.models import Run, SlackLink, atomic, database_of, still
from bot.prepared import Gap, Prepared
from bot.runs import finish, outbox, rows
from bot.runs.refusals import Changed, Gone, MaybeSent, NotAllowed, NothingSent, Refused

log = logging.getLogger(__name__)


STATES = (RunState.QUEUED, RunState.SENT, RunState.UNKNOWN, RunState.RUNNING)
GOING_ON = Prepared(
    # Not by the primary key: PostgreSQL may walk down it through all finished runs.
    lambda: (
        Run.objects.filter(schedule_id=Gap("schedule"), state__in=STATES)
        .order_by("-created_at")
        .values_list("pk", "created_at", "slack_user", f"user__{get_user_model().USERNAME_FIELD}")[:1]
    )
)


@dataclass(frozen=True, kw_only=True)
class RunService:
    """What the bot does for people."""

    catalog: Catalog
    sender: Sender
    secret_keys: tuple[str, ...]
    deadline: float  # seconds
    workers: Workers | None = None
    outcomes: Outcomes | None = None  # None: only the watcher follows runs
    announcements: Mapping[str, str] = field(default_factory=dict)  # see Conf.announce
    wake: Callable[[], None] = lambda: None  # tells the deliverer of this process that something is owed

    def authorise(self, actor: Actor) -> None:
        """Raises NotAllowed."""
        if denied := policy.check(actor):
            raise NotAllowed(policy.explain(denied, actor))

    def has_schedules(self, actor: Actor) -> bool:
        self.authorise(actor)
        return not self.catalog.is_empty()

    def find(self, actor: Actor, query: str, limit: int) -> Matches:
        self.authorise(actor)
        return self.catalog.find(query, limit)

    def named(self, actor: Actor, typed: str) -> tuple[Brief | None, int]:
        """The schedule meant by `typed`, and how many match."""
        self.authorise(actor)
        return self.catalog.named(typed)

    def look(self, actor: Actor, schedule: ScheduleId) -> Look | None:
        self.authorise(actor)
        found = self.catalog.get(schedule)
        if found is None:
            return None
        target = self.sender.target(found)
        return Look(
            schedule=found,
            when=self.catalog.when(found),
            target=target,
            problems=tuple(self.sender.problems(found)),
            last=self.catalog.last_run(found),
            running=_running(found),
            listened=None if self.workers is None else self.workers.listen(target.queue),
        )

    def check(self, request: RunRequest) -> None:
        """Everything that `start` would find wrong before sending. Raises NotAllowed or Refused."""
        self.authorise(request.actor)
        self._prepared(request, TaskId(""))

    def follow(self, actor: Actor, run: RunId) -> Run | None:
        """The run as it is at this moment, whether or not a watcher is running. None: there is no such run."""
        self.authorise(actor)
        found = Run.objects.select_related("user").filter(pk=run).first()
        if found is None or found.state not in OPEN or self.outcomes is None:
            return found
        now = timezone.now()
        news = finish.record(self.outcomes.of(TaskId(found.task_id)), now=now, deadline=self.deadline)
        if news or finish.mark_overdue(now=now, only=found.pk):
            self.wake()
            found.refresh_from_db()
        return found

    def start(self, request: RunRequest, budget: Budget) -> Run:
        """Check, store, send. A repeated submission returns the run it started. Raises NotAllowed or Refused."""
        self.authorise(request.actor)
        try:
            schedule, what = self._prepared(request, TaskId(str(uuid.uuid4())))
        except Refused:
            earlier = Run.objects.filter(key=request.key).first()  # sent before the schedule became what it is now?
            if earlier is None or rows.can_be_taken_up(earlier, request):
                raise
            return rows.already(earlier, request, budget)
        fields = self._fields(request, schedule, what)
        # Nearly always it is new: so nothing is looked up first, the database tells of an earlier one.
        run = rows.created(request, what, fields)
        if run is None:
            earlier = Run.objects.get(key=request.key)
            run = rows.taken_up(earlier, fields) if rows.can_be_taken_up(earlier, request) else None
            if run is None:
                return rows.already(Run.objects.get(key=request.key), request, budget)
            what = replace(what, task_id=TaskId(run.task_id))
        self._send(run, what, budget)
        return run

    def _prepared(self, request: RunRequest, task_id: TaskId) -> tuple[Schedule, Dispatch]:
        schedule, args, kwargs = self._checked(request)
        try:
            return schedule, self.sender.prepare(schedule, task_id, args, kwargs, requester=request.actor.name)
        except Invalid as exc:
            raise Refused(exc.problems) from exc

    def _checked(self, request: RunRequest) -> tuple[Schedule, list[Any], dict[str, Any]]:
        schedule = self.catalog.get(request.schedule)
        if schedule is None:
            raise Gone
        if request.fingerprint not in (None, schedule.fingerprint):
            raise Changed
        problems: list[Problem] = self.sender.problems(schedule)
        values: dict[Field, Any] = {}
        for part, typed, stored in (
            (Field.ARGS, request.args, schedule.args),
            (Field.KWARGS, request.kwargs, schedule.kwargs),
        ):
            try:
                values[part] = arguments.parse(arguments.stored(stored, part) if typed is None else typed, part)
            except Invalid as exc:
                problems += exc.problems
        if not problems and (known := self.catalog.signature(schedule.task)) is not None:
            problems = signature.problems(known, values[Field.ARGS], values[Field.KWARGS])
        if problems:
            raise Refused(problems)
        return schedule, values[Field.ARGS], values[Field.KWARGS]

    def _fields(self, request: RunRequest, schedule: Schedule, what: Dispatch) -> dict[str, Any]:
        """The row's, but for its key and the task's id, which stay when it is taken up again."""
        now = timezone.now()
        fields = {
            "state": RunState.QUEUED,
            "digest": request.digest,
            "not_sent_because": "",
            "schedule_id": schedule.id,
            "schedule_name": schedule.name,
            "task": schedule.task,
            "args": json.dumps(what.args, ensure_ascii=False),
            "kwargs": json.dumps(what.kwargs, ensure_ascii=False),
            "changes": _changes(schedule, what, self.secret_keys),
            "options": json.loads(json.dumps(dict(what.options), default=str)),
            "target": [[name, str(value)] for name, value in words(what.target)],
            "user_id": request.actor.user,
            "deadline_at": now + timedelta(seconds=max(self.deadline, _lifetime(what, now))),
        }
        if (destination := request.destination or self._announcement(schedule, request.actor)) is not None:
            fields |= {
                "team": destination.team,
                "slack_user": destination.requester,
                "channel": destination.channel,
            }
        return fields

    def _announcement(self, schedule: Schedule, actor: Actor) -> Destination | None:
        """Where a run that wasn't asked for in Slack is told; a requester with a Slack account is named by it."""
        channel = self.announcements.get(schedule.name, self.announcements.get("*", ""))
        if not channel:
            return None
        link = SlackLink.objects.filter(user_id=str(actor.user)).order_by("pk").first()
        team, requester = (link.team, link.slack_user) if link is not None else ("", "")
        return Destination(team=TeamId(team), channel=ChannelId(channel), requester=SlackUserId(requester))

    def _send(self, run: Run, what: Dispatch, budget: Budget) -> None:
        try:
            self.sender.send(what, run=RunId(run.pk), within=budget.left(), enter=budget.enter)
        except NotSent as exc:
            log.warning("run %s not sent: %s", run.pk, exc)
            if not budget.leave():
                self._follow(run, RunState.UNKNOWN)
                raise MaybeSent(run) from exc
            Run.objects.filter(pk=run.pk).update(state=RunState.NOT_SENT, not_sent_because=str(exc))
            raise NothingSent(str(exc)) from exc
        except FateUnknown as exc:
            log.warning("run %s may have been sent: %s", run.pk, exc)
            self._follow(run, RunState.UNKNOWN)
            raise MaybeSent(run) from exc
        log.info("run %s of schedule %s sent as task %s", run.pk, run.schedule_id, run.task_id)
        self._follow(run, RunState.SENT)

    def _follow(self, run: Run, state: RunState) -> None:
        """From now on the run is watched and its thread is owed; a result may have landed already.

        If that can't be stored, the row stays `queued`: the watcher carries on from its result, or the deadline does.
        """
        now = timezone.now()
        sent_at = now if state is RunState.SENT else None
        try:
            with atomic():
                if not Run.objects.filter(still(RunState.QUEUED), pk=run.pk).update(state=state, sent_at=sent_at):
                    Run.objects.filter(pk=run.pk).update(sent_at=sent_at)  # its result was faster
                outbox.owe(run, NoticeKind.ROOT, NoticeKind.ID, now=now)
        except DatabaseError:
            log.exception("run %s is %s, but that can't be stored now", run.pk, state)
        self.wake()


def _running(schedule: Schedule) -> Running | None:
    """The newest run that may be going on; one that has long been silent isn't counted."""
    row = GOING_ON.first(database_of(Run), schedule=schedule.id)
    if row is None:
        return None
    run, since, requester, name = row
    return Running(run=RunId(run), since=since, requester=SlackUserId(requester), name=name or "")


def _changes(schedule: Schedule, what: Dispatch, secret_keys: tuple[str, ...]) -> list[dict[str, str | None]]:
    try:
        old = tuple(
            arguments.parse(arguments.stored(text, field), field)
            for text, field in ((schedule.args, Field.ARGS), (schedule.kwargs, Field.KWARGS))
        )
    except Invalid:
        old = ([], {})  # what is stored can't be read: everything sent is news
    found = changes.changes((old[0], old[1]), (what.args, what.kwargs), secret_keys)
    return [{"name": change.name, "old": change.old, "new": change.new} for change in found]


def _lifetime(what: Dispatch, now: datetime) -> float:
    """Seconds until the message expires; 0 if it doesn't."""
    expires = what.options.get("expires", 0)
    return (expires - now).total_seconds() if isinstance(expires, datetime) else float(expires)
