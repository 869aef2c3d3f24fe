"""The door: one permission check, `admit`, that Slack, the pages and the API share.

Each verb (see, start, follow, stop, …) is a module. Its functions take an `Admitted`, so nobody can call them without `admit`.
An entry calls `admit` once for each request. `Admitted` has the rules, and finds only schedules and runs that the actor may see.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Case, F, Q, QuerySet, Value, When

from bot.core import policy
from bot.core.approval import Identifiers
from bot.core.globs import Globs
from bot.core.ids import LARGEST_ID, is_id
from bot.core.model import Actor, Brief, ChannelId, RunId, Schedule, ScheduleId, Source
from bot.core.policy import Denied, Subject
from bot.core.ports import Catalog, Queues, Sender, Stopper
from bot.core.reasons import Code, Reason
from bot.core.rights import Action
from bot.core.rules import Rule
from bot.core.seal import holds, seal
from bot.models import Run
from bot.runs import actors, clock, denials, rulebook
from bot.runs.denials import Wanted
from bot.runs.refusals import NotAllowed
from bot.runs.rulebook import InForce
from bot.runs.sources import Sources
from bot.runs.unsaved import Unsaved


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The platform whose schedules are run, and the options that the verbs need."""

    catalog: Catalog
    sender: Sender
    sources: Sources
    secret_keys: tuple[str, ...]
    deadline: float  # seconds
    form_keys: tuple[str, ...] = field(repr=False)  # sign what a form carries: the key in use first, then older ones
    queues: Queues
    stopper: Stopper
    may_kill: bool = False  # whether Stop may terminate a running task
    base_url: str = ""  # the site's address; empty: messages have no links to it
    announcements: Mapping[str, str] = field(default_factory=dict)  # see Conf.announce
    audits_values: bool = True  # whether the audit log contains the values of changed arguments
    unsaved: Unsaved = field(default_factory=Unsaved)
    wake: Callable[[], None] = lambda: None  # wakes this process's loops. Call it when a notice may be owed.

    def sealed(self, fingerprint: str) -> str:
        """The fingerprint as it leaves the process. Without our key, nobody can use it to guess masked values."""
        return seal(self.form_keys[0], "fingerprint", fingerprint)

    def is_seal_of(self, mark: str, fingerprint: str) -> bool:
        return holds(mark, self.form_keys, "fingerprint", fingerprint)

    def source_of(self, task: str) -> Source:
        """Where the outcome of a new run of this task will be read. Workers send events even if the result isn't kept."""
        if self.sources.for_new_runs is Source.EVENTS:
            return Source.EVENTS
        return self.sources.for_new_runs if self.sender.keeps_result(task) else Source.NONE

    def why_unseen(self, task: str) -> Reason | None:
        """Why the end of a new run of this task may stay unknown, if that is known beforehand."""
        is_silent = self.sources.for_new_runs is Source.EVENTS and not self.sender.sends_events(task)
        return Reason(code=Code.NO_EVENTS) if is_silent else None


@dataclass(frozen=True)
class SeenRun:
    """A run that an actor may see, its schedule, and the rules that count for it (`Admitted.rules_of_run`)."""

    run: Run
    schedule: Schedule | None  # None: it was deleted
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Admitted:
    """An actor whom `admit` has let in, with the rules and the pause that were in force then. Only `admit` makes one.

    It is for one request. What waits for long, or repeats itself, calls `anew`.
    """

    platform: Platform
    actor: Actor
    in_force: InForce

    def anew(self) -> "Admitted":
        """The same actor, with the rules and the pause that are in force now."""
        return admit(self.platform, self.actor)

    def recorded(self, wanted: Wanted) -> AbstractContextManager[None]:
        """Records the refusal that the code inside raises (bot.runs.denials)."""
        return denials.recorded(self.platform.catalog, self.actor, wanted)

    @cached_property
    def hidden(self) -> tuple[Globs, ...]:
        """Patterns of the schedules that are hidden from this person."""
        return self.in_force.book.hiding(self.actor.rights)

    @cached_property
    def schedules(self) -> frozenset[int]:
        """The ids of all schedules that this person may see, from the index of the search. One call serves a whole list."""
        return frozenset(self.platform.catalog.ids(self.hidden))

    def rules_of(self, schedule: Schedule | Brief | None) -> tuple[Rule, ...]:
        """The rules that match the schedule.

        Compares all rules even if `schedule` is None. A faster answer would tell that the schedule doesn't exist.
        """
        name, task = ("", "") if schedule is None else (schedule.name, schedule.task)
        found = self.in_force.book.of(name, task)
        return () if schedule is None else found

    def rules_of_run(self, run: Run, schedule: Schedule | Brief | None) -> tuple[Rule, ...]:
        """The rules that match the run's schedule. If it was deleted, they go by the name and the task that the run copied."""
        return self.in_force.book.of(run.schedule_name, run.task) if schedule is None else self.rules_of(schedule)

    def schedule(self, schedule: ScheduleId) -> Schedule | None:
        """None: there is no such schedule, or it is hidden."""
        found = self.platform.catalog.get(schedule)
        is_hidden = self.denied(Action.SEE, self.rules_of(found)) is not None
        return None if is_hidden else found

    def run(self, run: RunId) -> SeenRun | None:
        """None: there is no such run for this actor.

        If a run's schedule was deleted, only its requester and superusers may see the run, if the rules let them. If the run
        doesn't exist, this reads a schedule and compares all rules nevertheless. A faster answer would tell that the run doesn't
        exist.
        """
        found = _run(run)
        seen = self.seen(found or Run(schedule_id=LARGEST_ID))
        return None if found is None else seen

    def run_of(self, schedule: Schedule, run: RunId) -> Run | None:
        """The run, if it is one of this schedule, which the actor may see."""
        found = _run(run)
        return found if found is not None and found.schedule_id == schedule.id else None

    def seen(self, run: Run) -> SeenRun | None:
        """None: the actor may not see the run."""
        schedule = self.platform.catalog.get(ScheduleId(run.schedule_id))
        rules = self.rules_of_run(run, schedule)
        return SeenRun(run, schedule, rules) if self._sees(run, schedule, rules) else None

    def seen_of(self, runs: Collection[Run]) -> list[Run]:
        """The runs that the actor may see. Makes one query for all of their schedules."""
        schedules = self.briefs({ScheduleId(run.schedule_id) for run in runs})
        return [run for run in runs if self._sees_brief(run, schedules.get(ScheduleId(run.schedule_id)))]

    def visible(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        """The runs that the actor may see, as a query, so that a limit counts only these. `runs`: runs that haven't ended.

        Makes two queries: for the ids of all their schedules, and for these schedules. If some of these were deleted, it makes a
        third one, because each of their runs has a name and a task of its own. For a superuser it makes none.
        """
        if self.actor.rights.is_superuser and not self.hidden:
            return runs
        keys = schedules_of(runs)
        briefs = self.briefs(keys)
        hidden = {key for key, brief in briefs.items() if self.denied(Action.SEE, self.rules_of(brief)) is not None}
        deleted = keys - briefs.keys()
        seen = self._orphans(runs, deleted) if deleted else []
        hidden |= deleted
        return runs.filter(~Q(schedule_id__in=hidden) | Q(pk__in=seen)) if hidden else runs

    def _orphans(self, runs: QuerySet[Run], deleted: Collection[ScheduleId]) -> list[int]:
        """The ids of the runs of deleted schedules that the actor may see."""
        orphans = runs.order_by().filter(schedule_id__in=deleted).only("user_id", "schedule_name", "task")
        if not self.actor.rights.is_superuser:
            # An expression, as in bot.runs.now.open_runs: by a condition on the user, the database might read all that they ever had.
            is_own: Any = Case(When(user_id=self.actor.user, then=Value(1)), default=Value(0))
            orphans = orphans.alias(is_own=is_own).filter(is_own=1)
        return self.seen_of_deleted(orphans)

    def seen_of_deleted(self, runs: Iterable[Run]) -> list[int]:
        """The ids of those runs that the actor may see. `runs`: runs of deleted schedules. Makes no query."""
        return [run.pk for run in runs if self._sees_brief(run, None)]

    def briefs(self, schedules: Collection[ScheduleId]) -> dict[ScheduleId, Brief]:
        """The schedules that exist, even hidden ones, by id."""
        return {brief.id: brief for brief in self.platform.catalog.briefs(schedules)}

    def _sees_brief(self, run: Run, schedule: Brief | None) -> bool:
        return self._sees(run, schedule, self.rules_of_run(run, schedule))

    def _sees(self, run: Run, schedule: Schedule | Brief | None, rules: tuple[Rule, ...]) -> bool:
        owner = str(run.user_id or "") if schedule is None else None
        return self.denied(Action.SEE, rules, owner=owner) is None

    def authorise(self, action: Action, rules: tuple[Rule, ...], **circumstances: Any) -> None:
        """Raises NotAllowed. The arguments are those of `denied`."""
        if denied := self.denied(action, rules, **circumstances):
            raise NotAllowed(denied)

    def denied(
        self,
        action: Action,
        rules: tuple[Rule, ...],
        *,
        actor: Actor | None = None,
        owner: str | None = None,
        channel: ChannelId | None = None,
        kill: bool = False,
        requester: Identifiers | None = None,
    ) -> Denied | None:
        """Why the actor may not do this. `rules`: those that count. `owner`: a run's requester, if its schedule was deleted.

        `actor`: instead of the person who was admitted.
        """
        who = actor or self.actor
        subject = Subject(
            rules=rules,
            owner=owner,
            entry=who.entry,
            channel=channel,
            kill=kill,
            requester=requester,
            paused=self.in_force.paused,
            now=clock.aware_now() if action is Action.RUN else None,
        )
        return policy.may(who, action, subject)


def admit(platform: Platform, actor: Actor, wanted: Wanted | None = None) -> Admitted:
    """Raises NotAllowed if the person may not see schedules at all. Rules for single schedules are checked later.

    `wanted`: a refusal is recorded with it. Without it, the refusal isn't recorded.
    """
    with nullcontext() if wanted is None else denials.recorded(platform.catalog, actor, wanted):
        if denied := policy.may(actor, Action.SEE, Subject()):
            raise NotAllowed(denied)
    in_force = rulebook.in_force()
    return Admitted(platform, actors.with_groups(actor, in_force.book), in_force)


def _run(run: RunId) -> Run | None:
    return Run.objects.select_related("user").filter(pk=run).first() if is_id(run) else None


def schedules_of(runs: QuerySet[Run]) -> set[ScheduleId]:
    """The ids of the runs' schedules. Only for runs that haven't ended."""
    # `+ 0` hides the column from the planner: by an index that begins with it, the database may read all of history.
    keys = runs.order_by().values_list(F("schedule_id") + 0, flat=True).distinct()
    return set(map(ScheduleId, keys))


def may_see(user: Any) -> bool:
    """Whether a user of the site may see any schedules. Only for showing links: the verbs check again."""
    return policy.may(actors.of_user(user), Action.SEE, Subject()) is None
