"""Runs that wait for approval: who is asked, which of them wait for somebody, and those that nobody can approve any more."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import F, Q, QuerySet

from bot.core import approval
from bot.core.approval import Identifiers
from bot.core.model import Actor, Brief, Change, InstallationId, RunId, ScheduleId, SlackUserId
from bot.core.policy import Action, Subject, may
from bot.core.reasons import Code, Reason
from bot.core.rights import Need
from bot.core.rules import Rule
from bot.core.status import RunState
from bot.models import Home, Run, SlackLink, atomic
from bot.runs import clock, installations, links, outbox, recalled, rulebook, see, unsent
from bot.runs.actors import has_groups
from bot.runs.door import Admitted, Platform, admit, schedules_of

log = logging.getLogger(__name__)

TOLD = 10  # approvers of a run that get a direct message
LOOKED_AT = 50  # linked people among whom they are looked for
SHOWN = 10  # runs in a list
WAITING = 200  # runs that are read at once, however many wait
BATCH = 100
LARGE = ("args", "kwargs", "options", "target", "result", "traceback")  # columns that nobody needs here
EVERY = 1.0  # seconds between two steps


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRun:
    """A run that waits for the reader's approval."""

    run: RunId
    mark: str  # for the buttons
    schedule: str
    requester: SlackUserId  # empty: not asked for in Slack, or in a workspace where the reader isn't
    name: str  # the requester's on the site
    since: datetime
    until: datetime
    changes: tuple[Change, ...]
    reason: str
    page: str  # the address of its page; empty: there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingFor:
    """The first ones, those that lapse first before the others."""

    first: tuple[WaitingRun, ...] = ()
    more: int = 0


def waiting_for(platform: Platform, actor: Actor, most: int = SHOWN) -> WaitingFor:
    """What this actor may approve now, and hasn't. Raises NotAllowed."""
    admitted = admit(platform, actor)
    waiting = _waiting().filter(deadline_at__gt=clock.now())
    found = admitted.briefs(schedules_of(waiting))
    # What they may not approve doesn't fill the beginning of the list.
    schedules = {key: schedule for key, schedule in found.items() if _may_approve(admitted, schedule)}
    if not schedules:
        return WaitingFor()
    # A press that sent nothing may be repeated.
    key: Any = actor.user
    done = Run.objects.filter(answers__user=key, state=RunState.WAITING, not_sent_because="").values("pk")
    rows = waiting.filter(schedule_id__in=schedules).exclude(user_id=key).exclude(pk__in=done)
    mine = [
        run
        for run in rows.select_related("user")[:WAITING]
        if _may_approve(admitted, schedules[ScheduleId(run.schedule_id)], recalled.requesting(run))
    ]
    return WaitingFor(first=tuple(waiting_run(admitted, run) for run in mine[:most]), more=len(mine[most:]))


def _waiting() -> QuerySet[Run]:
    """By the index of states, not by the primary key (bot.runs.see)."""
    return Run.objects.filter(state=RunState.WAITING).order_by("deadline_at").defer(*LARGE)


def _may_approve(admitted: Admitted, schedule: Brief, requester: Identifiers | None = None) -> bool:
    """`requester`: of a run. None: whether they may approve any run of this schedule."""
    rules = admitted.rules_of(schedule)
    return bool(approval.needs(rules)) and not admitted.denied(Action.APPROVE, schedule, rules, requester=requester)


def waiting_run(admitted: Admitted, run: Run) -> WaitingRun:
    return WaitingRun(
        run=RunId(run.pk),
        mark=approval.mark(run.approval_digest or ""),
        schedule=run.schedule_name,
        requester=see.known(admitted.actor, run.team, run.slack_user),
        name="" if run.user is None else run.user.get_username(),
        since=run.created_at,
        until=run.deadline_at,
        changes=run.changed_values,
        reason=run.reason or "",
        page=links.page(admitted.platform.base_url, run),
    )


@dataclass
class Tending:
    """A step of a loop of its own: asks approvers directly, and ends what can't be approved any more, in words."""

    platform: Platform
    _at: int = 0  # how many were looked at in this round

    def step(self) -> float:
        """Returns the seconds until the next one."""
        now, changed = clock.now(), False
        for run in _waiting().filter(deadline_at__lte=now)[:BATCH]:
            changed |= unsent.lapse(run, now=now) is not None
        rows = list(_waiting().select_related("user")[self._at : self._at + WAITING])
        self._at = self._at + WAITING if len(rows) == WAITING else 0
        found = self.platform.catalog.briefs({ScheduleId(run.schedule_id) for run in rows})
        schedules = {brief.id: brief for brief in found}
        for run in rows:
            if (why := _hindrance(run, schedules)) is not None:
                changed |= unsent.end(run.pk, RunState.WITHDRAWN, now=now, why=Reason(code=why)) is not None
        for run in _waiting().filter(approvers_asked_at=None).select_related("user")[:BATCH]:
            _ask(run, now)
            changed = True
        if changed:
            self.platform.wake()
        return EVERY


def _hindrance(run: Run, schedules: dict[ScheduleId, Brief]) -> Code | None:
    """Why nobody can approve it any more. What else may speak against it is looked at when somebody presses Approve."""
    if run.user is None or not run.user.is_active:
        return Code.REQUESTER_GONE
    return None if ScheduleId(run.schedule_id) in schedules else Code.SCHEDULE_DELETED


@atomic()
def _ask(run: Run, now: datetime) -> None:
    """Once for each run, whichever process does it."""
    waits = Run.objects.filter(pk=run.pk, approvers_asked_at=None)
    if not waits.update(approvers_asked_at=now):
        return
    installation = InstallationId(run.installation) or installations.only()
    rules = rulebook.in_force().book.of(run.schedule_name, run.task)
    found = [SlackUserId(link.slack_user) for link in _approvers(run, rules, installation)]
    Home.objects.filter(installation=installation, slack_user__in=found).update(shown=None, claimed_until=now)
    if not _is_read_by_them(run):
        outbox.owe_asks(run, installation, found, now=now)
        log.info("run %s: %s approvers are asked directly", run.pk, len(found))


def _is_read_by_them(run: Run) -> bool:
    """Whether approvers can be expected to read its thread: it is in a channel, and mentions groups of them."""
    return run.channel.startswith(("C", "G")) and bool(run.approval_ask)


def _approvers(run: Run, rules: tuple[Rule, ...], installation: InstallationId) -> list[SlackLink]:
    """Those who may approve it, by their links to that workspace; who was active lately comes first."""
    subject = Subject(rules=rules, requester=recalled.requesting(run))
    found, users = list[SlackLink](), set[Any]()
    for link in _linked(run.needs, installation)[:LOOKED_AT]:
        if link.user_id not in users and may(recalled.of_link(link), Action.APPROVE, subject) is None:
            users.add(link.user_id)
            found.append(link)
        if len(found) == TOLD:
            break
    return found


def _linked(needs: Iterable[Need], installation: InstallationId) -> QuerySet[SlackLink]:
    """A user model may lack flags and groups. Then more people are looked at than need be."""
    there = SlackLink.objects.filter(team=installation.partition("/")[0], is_deleted=False).select_related("user")
    groups = [group for need in needs for group in need.approvers]
    if groups and all(need.approvers for need in needs) and has_groups(get_user_model()):
        members = get_user_model()._base_manager.filter(groups__name__in=groups)  # noqa: SLF001  # documented
        there = there.filter(Q(user__in=members.values("pk")) | _superusers())
    return there.order_by(F("checked_at").desc(nulls_last=True), "pk")


def _superusers() -> Q:
    fields = {field.name for field in get_user_model()._meta.get_fields()}  # noqa: SLF001  # documented
    return Q(user__is_superuser=True) if "is_superuser" in fields else Q(pk=None)
