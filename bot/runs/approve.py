"""The verbs *approve* and *decline*. An approval counts for exactly one payload. Approving checks everything again."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import Error

from bot.core import approval
from bot.core.audit import Act, Record, Who
from bot.core.model import Actor, ChannelId, Dispatch, Field, NoticeKind, RunId, Schedule, TaskId
from bot.core.policy import Denied, Subject, lacking
from bot.core.reasons import Code, Invalid, Problem, Reason
from bot.core.rights import REASON_LIMIT, Action
from bot.core.rules import Rule
from bot.core.secrets import Secrets
from bot.core.status import RunState
from bot.core.text import clip
from bot.models import Answer, Run, atomic
from bot.runs import (
    again,
    attempts,
    audit,
    clock,
    finish,
    limits,
    masks,
    outbox,
    recalled,
    rows,
    sending,
    unsent,
)
from bot.runs.approvals import WaitingRun, waiting_run
from bot.runs.attempts import Attempt
from bot.runs.budget import Budget
from bot.runs.denials import Wanted
from bot.runs.door import Admitted, Platform, SeenRun
from bot.runs.one_at_a_time import one_at_a_time
from bot.runs.refusals import NotAllowed, NothingSent, NotWaiting, Refused, Void

log = logging.getLogger(__name__)

# Reasons why the requester may not run the schedule now, but may later: the run goes on waiting.
LATER = frozenset({Code.PAUSED, Code.CLOSED})
NOT_NOW = LATER | {Code.BUSY}  # reasons why nobody can approve the run now, but somebody may later


class _Overtaken(Exception):
    """Since this process read the run, another press of Approve has tried to send it, and failed."""


def denied(admitted: Admitted, seen: SeenRun) -> Denied | None:
    """Why this actor may neither approve nor decline the run. Only for showing buttons: the verbs check again."""
    return admitted.denied(Action.APPROVE, seen.rules, requester=recalled.requesting(seen.run))


def approve(admitted: Admitted, run: RunId, mark: str, budget: Budget) -> Run | None:
    """The run: sent, or still waiting for others. None: there is no such run for this actor.

    `mark`: the part of the payload's digest that the pressed button carries. Raises NotAllowed, NotWaiting, Void, NothingSent or
    MaybeSent.
    """
    with admitted.recorded(Wanted(action=Action.APPROVE, run=run)):
        return _approve(admitted, run, mark, budget)


def _approve(admitted: Admitted, run: RunId, mark: str, budget: Budget) -> Run | None:
    asked = _asked(admitted, run, mark)
    if asked is None:
        return None
    platform, found = admitted.platform, asked.run
    dispatch = _dispatch(admitted, asked)
    attempt = _attempt(admitted, found, dispatch)
    try:
        with platform.unsaved.unless_saved(attempt), one_at_a_time(platform, found.key, asked.schedule, asked.rules):
            queued = _saved_yes(admitted, asked, attempt)
    except _Overtaken:
        return _approve(admitted.anew(), run, mark, budget)
    platform.wake()
    if queued is None:
        found.refresh_from_db()
        return found
    try:
        sending.send(platform, queued, attempt, dispatch, budget)
    except NothingSent:
        platform.wake()
        raise
    with suppress(Error):  # the run is sent, whether or not the database can be read now
        queued.refresh_from_db()
    return queued


def asked_of(admitted: Admitted, run: RunId, mark: str) -> WaitingRun | None:
    """The run, to show to an actor who is about to answer. None: there is no such run for them.

    Raises NotAllowed, NotWaiting or Void.
    """
    asked = _asked(admitted, run, mark)
    return None if asked is None else waiting_run(admitted, asked.run)


def decline(admitted: Admitted, run: RunId, mark: str, why: str) -> Run | None:
    """The run, declined. None: there is no such run for this actor. Raises NotAllowed, NotWaiting, Void or Refused."""
    with admitted.recorded(Wanted(action=Action.APPROVE, run=run)):
        return _decline(admitted, run, mark, why)


def _decline(admitted: Admitted, run: RunId, mark: str, why: str) -> Run | None:
    asked = _asked(admitted, run, mark)
    if asked is None:
        return None
    if problems := list(_problems_of_why(why)):
        raise Refused(problems)
    found, actor, now = asked.run, admitted.actor, clock.now()
    why = _masked(admitted.platform, asked, why)
    with atomic():
        outbox.lock(Run.objects.filter(pk=found.pk))
        _note(found, actor, now, is_yes=False, why=why)
        ended = unsent.end(found.pk, RunState.DECLINED, now=now, by=actor, said=why)
        if ended is None:
            raise NotWaiting(Run.objects.get(pk=found.pk))
    admitted.platform.wake()
    return ended


def _masked(platform: Platform, asked: "_Asked", text: str) -> str:
    """The text without the secrets of the run and of its schedule."""
    run = asked.run
    return masks.said(text, asked.schedule, _secrets(platform, run), masks.call(run), run.options.get("headers"))


def _problems_of_why(why: str) -> Iterator[Problem]:
    length = len(why.strip())
    if not length:
        yield Problem(code=Code.WHY_MISSING, field=Field.REASON)
    if length > REASON_LIMIT:
        params = {"limit": REASON_LIMIT, "length": length}
        yield Problem(code=Code.REASON_TOO_LONG, field=Field.REASON, params=params)


@dataclass(frozen=True)
class _Asked:
    """A run that the actor may approve or decline."""

    run: Run
    schedule: Schedule
    rules: tuple[Rule, ...]


def _asked(admitted: Admitted, run: RunId, mark: str) -> _Asked | None:
    """The run, if the actor may answer it. None: there is no such run for this actor. Raises NotAllowed, NotWaiting or Void.

    A run whose time for approval has passed lapses here. If no rule asks for approval any more, the run ends here, unless
    bot.runs.approvals was faster: no rule says then whose answer counts, and the policy refuses nobody who sees the schedule.
    """
    seen = admitted.run(run)
    if seen is None or seen.schedule is None:  # if the schedule was deleted, bot.runs.approvals ends the run
        return None
    found = seen.run
    if found.approval_digest is None:
        raise NotWaiting(found)
    admitted.authorise(Action.APPROVE, seen.rules, requester=recalled.requesting(found))
    if found.state != RunState.WAITING:
        raise NotWaiting(found)
    if not secrets.compare_digest(mark.encode(), approval.mark(found.approval_digest).encode()):
        raise NotAllowed(Denied(code=Code.OTHER_REQUEST))
    now = clock.now()
    if found.deadline_at <= now:
        unsent.lapse(found, now=now)
        admitted.platform.wake()
        found.refresh_from_db()
        raise NotWaiting(found)
    if not approval.needs(seen.rules):
        raise _void(admitted.platform, found, Code.RULES_CHANGED)
    return _Asked(found, seen.schedule, seen.rules)


def _dispatch(admitted: Admitted, asked: _Asked) -> Dispatch:
    """The message with the approved payload. Raises NotAllowed if it can't be sent now, NothingSent, Void or NotWaiting."""
    platform, run, schedule, rules = admitted.platform, asked.run, asked.schedule, asked.rules
    requester = recalled.requester(run, admitted.in_force.book)
    if requester is None or run.user is None or not run.user.is_active:
        raise _void(platform, run, Code.REQUESTER_GONE)
    call = masks.call(run)
    problems = platform.sender.problems(schedule)
    if problems:
        raise NothingSent(problems[0])
    try:
        dispatch = platform.sender.prepare(schedule, TaskId(str(uuid4())), *call, requester=run.user.get_username())
    except Invalid as exc:
        raise NothingSent(exc.problems[0]) from exc
    if not rows.is_as_asked(run, schedule, dispatch):
        what = ", ".join(again.changed_since(platform, schedule, run))
        if not what and "expires" in run.options and "expires" not in dispatch.options:
            raise _void(platform, run, Code.SCHEDULE_EXPIRED)
        raise _void(platform, run, Code.SCHEDULE_CHANGED, what=clip(what or "?", 200))
    channel = ChannelId(run.redirected_from or run.channel)
    why = admitted.denied(Action.RUN, rules, actor=requester, channel=channel)
    if why is not None:
        raise NotAllowed(why) if why.code in LATER else _void(platform, run, Code.REQUESTER_MAY_NOT)
    if approval.needs(rules) != run.needs or any(limits.of_values(admitted, schedule, rules, call)):
        raise _void(platform, run, Code.RULES_CHANGED)
    return dispatch


def _void(platform: Platform, run: Run, code: Code, **params: Any) -> Exception:
    """Ends the run. The reply in its thread says why. Returns Void, or NotWaiting if another process has ended the run."""
    reason = Reason(code=code, params=params)
    ended = unsent.end(run.pk, RunState.WITHDRAWN, now=clock.now(), why=reason)
    platform.wake()
    return NotWaiting(Run.objects.get(pk=run.pk)) if ended is None else Void(ended, reason)


def _attempt(admitted: Admitted, run: Run, dispatch: Dispatch) -> Attempt:
    platform, now = admitted.platform, clock.now()
    names = _secrets(platform, run).names
    values = {
        "task_id": dispatch.task_id,
        "state": RunState.QUEUED,
        "not_sent_because": "",
        "deadline_at": rows.deadline(platform, dispatch, now),
        **rows.followed(platform, run.task),
        **rows.sent_where(dispatch, names),
    }
    otherwise = {"state": RunState.WAITING, "deadline_at": run.deadline_at}
    return Attempt(
        key=run.key,
        values=values,
        pressed=_approved(run, admitted.actor, dispatch.task_id),
        replaces=run.task_id,
        otherwise=otherwise,
    )


def _secrets(platform: Platform, run: Run) -> Secrets:
    return masks.of_run_today(run, run.task, platform.catalog, platform.secret_keys)


def _approved(run: Run, actor: Actor, task_id: str) -> Record:
    reason = {"reason": run.reason} if run.reason else {}
    record = finish.of_run(Act.RUN_APPROVED, run, **reason, task_id=task_id)
    return replace(record, entry=actor.entry, who=Who.of(actor), about=audit.requester(run.pk))


@atomic()
def _saved_yes(admitted: Admitted, asked: _Asked, attempt: Attempt) -> Run | None:
    """The run, queued for sending by this attempt. None: others must approve, too. Raises NotWaiting or _Overtaken."""
    found, actor, now = asked.run, admitted.actor, clock.now()
    outbox.lock(Run.objects.filter(pk=found.pk))
    _note(found, actor, now, is_yes=True)  # before any read: on SQLite, the transaction must begin with a write
    run = Run.objects.get(pk=found.pk)
    if run.state != RunState.WAITING:
        raise NotWaiting(run)
    if run.task_id != found.task_id:
        raise _Overtaken
    others = [one for one in recalled.approvers(run, admitted.in_force.book) if one.user != actor.user]
    subject = Subject(rules=asked.rules, requester=recalled.requesting(run))
    if lacking(subject, [actor, *others]):
        outbox.owe_edit(run, NoticeKind.ROOT, now=now, at_once=True)
        outbox.owe_answered(run, now=now)
        audit.append(_approved(run, actor, run.task_id))
        log.info("run %s approved by %s, and waits for others", run.pk, actor.name)
        return None
    queued = attempts.taken_over(attempt)
    if queued is None:
        raise _Overtaken
    log.info("run %s approved by %s", run.pk, actor.name)
    return queued


def _note(run: Run, actor: Actor, now: datetime, *, is_yes: bool, why: str = "") -> None:
    """Saves the actor's answer. Call this with the run's row locked."""
    slack = actor.slack
    values = {
        "is_yes": is_yes,
        "why": why,
        "at": now,
        "team": slack.team if slack else "",
        "slack_user": slack.user if slack else "",
    }
    if not Answer.objects.filter(run=run, user_id=str(actor.user)).update(**values):
        Answer.objects.create(run=run, user_id=actor.user, **values)
