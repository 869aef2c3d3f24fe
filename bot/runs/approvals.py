"""Runs that wait for approval: lists those that a person may approve, asks approvers, and ends runs that nobody can approve."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from bot.core import approval
from bot.core.approval import Identifiers
from bot.core.ids import team_of
from bot.core.model import Brief, Change, InstallationId, RunId, ScheduleId, SlackUserId
from bot.core.policy import Subject, may
from bot.core.reasons import Code, Reason
from bot.core.rights import Action, Need
from bot.core.rules import RuleBook
from bot.core.status import RunState
from bot.models import Home, Run, SlackLink, atomic, still
from bot.runs import clock, installations, links, outbox, recalled, rulebook, see, unsent
from bot.runs.actors import has_groups
from bot.runs.door import Admitted, Platform, schedules_of
from bot.runs.report import is_read_by_approvers

log = logging.getLogger(__name__)

TOLD = 10  # approvers of a run that get a direct message, at most
SHOWN = 10  # runs in a list
WAITING = 200  # waiting runs that are read at once, at most
BATCH = 100  # runs per step, and linked people per query
ASKED = 5  # runs per step whose approvers are searched, which may take many queries
LARGE = ("args", "kwargs", "options", "target", "result", "traceback")  # columns that this module doesn't read
EVERY = 1.0  # seconds between two steps


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRun:
    """A run that waits for the reader's approval."""

    run: RunId
    mark: str  # identifies the payload; the buttons carry it (bot.core.approval.mark)
    schedule: str
    requester: SlackUserId  # empty: the run wasn't asked for in Slack, or in another workspace than the reader's
    name: str  # the requester's user name on the site
    since: datetime
    until: datetime
    changes: tuple[Change, ...]
    reason: str
    page: str  # the address of the run's page or, without that page, of its record in the admin; empty: there is none
    has_page: bool  # whether the site has runtask's pages, where the run can be answered


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingFor:
    """The runs that wait for the reader's approval, sorted by the time at which they lapse.

    If there are too many, the requesters take turns. So nobody's requests push out those of others.
    """

    first: tuple[WaitingRun, ...] = ()
    more: int = 0  # how many other runs wait for the approval of the reader
    is_more_at_least: bool = False  # whether there may be more than `more`, as not all were counted


def waiting_for(admitted: Admitted, most: int = SHOWN) -> WaitingFor:
    """The runs that this actor may approve now and hasn't answered."""
    waiting = _waiting().filter(deadline_at__gt=clock.now())
    briefs = admitted.briefs(schedules_of(waiting))
    # Only runs of these schedules are read below, so that WAITING counts no runs that the actor may not approve.
    schedules = {key: schedule for key, schedule in briefs.items() if _may_approve(admitted, schedule)}
    if not schedules:
        return WaitingFor()
    key: Any = admitted.actor.user
    # The runs that the actor has answered. If an approval could not send a run, the actor may approve it again.
    answered = Run.objects.filter(answers__user=key, state=RunState.WAITING, not_sent_because="").values("pk")
    rows = waiting.filter(schedule_id__in=schedules).exclude(user_id=key).exclude(pk__in=answered)
    read = list(_in_turns(rows.select_related("user"))[:WAITING])
    mine = [
        run for run in read if _may_approve(admitted, schedules[ScheduleId(run.schedule_id)], recalled.requesting(run))
    ]
    return WaitingFor(
        first=tuple(waiting_run(admitted, run) for run in sorted(mine[:most], key=lambda run: run.deadline_at)),
        more=len(mine[most:]),
        is_more_at_least=len(read) == WAITING,
    )


def _waiting() -> QuerySet[Run]:
    """All waiting runs. Not ordered by the primary key (bot.models.run.Run)."""
    return Run.objects.filter(state=RunState.WAITING).order_by("deadline_at").defer(*LARGE)


def _in_turns(runs: QuerySet[Run]) -> QuerySet[Run]:
    """The first run of each requester, then the second of each, and so on."""
    turn = Window(RowNumber(), partition_by="user_id", order_by="deadline_at")
    return runs.order_by(turn, "deadline_at")


def _may_approve(admitted: Admitted, schedule: Brief, requester: Identifiers | None = None) -> bool:
    """Whether the person may approve a run of `requester`. Without one: whether they may approve any run of this schedule."""
    rules = admitted.rules_of(schedule)
    return bool(approval.needs(rules)) and not admitted.denied(Action.APPROVE, rules, requester=requester)


def waiting_run(admitted: Admitted, run: Run) -> WaitingRun:
    return WaitingRun(
        run=RunId(run.pk),
        mark=approval.mark(run.approval_digest or ""),
        schedule=run.schedule_name,
        requester=see.account_if_in_same_team(admitted.actor, run.team, run.slack_user),
        name="" if run.user is None else run.user.get_username(),
        since=run.created_at,
        until=run.deadline_at,
        changes=run.changed_values,
        reason=run.reason or "",
        page=links.page(admitted.platform.base_url, run),
        has_page=bool(links.path("runtask:status", run.pk)),
    )


@dataclass
class Tending:
    """Asks approvers directly, and ends runs that can't be approved any more. `step` runs in its own loop."""

    platform: Platform
    _at: int = 0  # how many waiting runs this round has checked

    def step(self) -> float:
        """Returns the seconds until the next step."""
        now = clock.now()
        lapsed = [unsent.lapse(run, now=now) for run in _waiting().filter(deadline_at__lte=now)[:BATCH]]
        if any(lapsed):
            self.platform.wake()
        if self._tend(now):
            self.platform.wake()
        return EVERY

    def _tend(self, now: datetime) -> bool:
        """Whether there is something to tell."""
        unasked = list(_in_turns(_waiting().filter(approvers_asked_at=None).select_related("user"))[:ASKED])
        rows = list(_waiting().select_related("user")[self._at : self._at + WAITING])
        self._at = self._at + WAITING if len(rows) == WAITING else 0
        runs = {run.pk: run for run in [*unasked, *rows]}
        if not runs:
            return False
        found = self.platform.catalog.briefs({ScheduleId(run.schedule_id) for run in runs.values()})
        schedules = {brief.id: brief for brief in found}
        # After the runs: a run that waits because of a new rule must not be checked against the rules before it.
        book, changed, hindered = rulebook.in_force().book, False, set[int]()
        for run in runs.values():
            if (why := _hindrance(run, schedules, book)) is not None:
                hindered.add(run.pk)
                changed |= unsent.end(run.pk, RunState.WITHDRAWN, now=now, why=Reason(code=why)) is not None
        for run in unasked:
            if run.pk not in hindered:
                _ask(run, schedules[ScheduleId(run.schedule_id)], book, now)
                changed = True
        return changed


def _hindrance(run: Run, schedules: dict[ScheduleId, Brief], book: RuleBook) -> Code | None:
    """Why nobody can approve the run any more. None: somebody may. The press of Approve checks everything else."""
    if run.user is None or not run.user.is_active:
        return Code.REQUESTER_GONE
    schedule = schedules.get(ScheduleId(run.schedule_id))
    if schedule is None:
        return Code.SCHEDULE_DELETED
    return None if approval.needs(book.of(schedule.name, schedule.task)) else Code.RULES_CHANGED


def _ask(run: Run, schedule: Brief, book: RuleBook, now: datetime) -> None:
    installation = InstallationId(run.installation) or installations.only()
    _owe(run, installation, _approvers(run, schedule, book, installation), now)


@atomic()
def _owe(run: Run, installation: InstallationId, approvers: list[SlackUserId], now: datetime) -> None:
    """Asks these approvers. Does nothing if a process has asked the run's approvers before, or if the run doesn't wait any more."""
    waits = Run.objects.filter(still(RunState.WAITING), pk=run.pk, approvers_asked_at=None)
    if not waits.update(approvers_asked_at=now):
        return
    # These columns may have changed while approvers were searched. The row is locked now.
    run.refresh_from_db(fields=["channel", "approval_ask"])
    homes = Home.objects.filter(installation=installation, slack_user__in=approvers)
    homes.update(shown=None, claimed_until=now)
    if is_read_by_approvers(run):
        return
    outbox.owe_asks(run, installation, approvers, now=now)
    if not approvers:
        outbox.owe_edit(run, now=now)  # the first message then says that nobody was told
    log.info("run %s: %s approvers are asked directly", run.pk, len(approvers))


def _approvers(run: Run, schedule: Brief, book: RuleBook, installation: InstallationId) -> list[SlackUserId]:
    """Up to TOLD people in this workspace who may approve the run. Recently active people come first.

    Checks one person of `_linked` after the other (up to three queries each) until TOLD people are found.
    """
    rules = book.of(schedule.name, schedule.task)
    subject = Subject(rules=rules, requester=recalled.requesting(run))
    links = _linked(approval.needs(rules), installation)
    keys, found = list(links.values_list("pk", flat=True)), dict[Any, SlackUserId]()
    for start in range(0, len(keys), BATCH):
        batch = links.in_bulk(keys[start : start + BATCH])
        for link in (batch[key] for key in keys[start : start + BATCH] if key in batch):
            if link.user_id not in found and may(recalled.of_link(link, book), Action.APPROVE, subject) is None:
                found[link.user_id] = SlackUserId(link.slack_user)
            if len(found) == TOLD:
                return list(found.values())
    return list(found.values())


def _linked(needs: Collection[Need], installation: InstallationId) -> QuerySet[SlackLink]:
    """The links of active staff in this workspace. If every need names groups, only those of their members and of superusers."""
    fields = {field.name for field in get_user_model()._meta.get_fields()}  # noqa: SLF001  # documented
    flags = {f"user__{name}": True for name in ("is_active", "is_staff") if name in fields}
    links = SlackLink.objects.filter(team=team_of(installation), is_deleted=False, **flags).select_related("user")
    groups = [group for need in needs for group in need.approvers]
    if groups and all(need.approvers for need in needs) and has_groups(get_user_model()):
        members = get_user_model()._base_manager.filter(groups__name__in=groups)  # noqa: SLF001  # documented
        superusers = Q(user__is_superuser=True) if "is_superuser" in fields else Q(pk=None)
        links = links.filter(Q(user__in=members.values("pk")) | superusers)
    return links.order_by(F("checked_at").desc(nulls_last=True), "pk")
