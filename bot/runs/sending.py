"""Sends the message of a queued run, and saves whether it was sent."""

import logging
from datetime import datetime
from functools import partial

from django.db import Error

from bot.core.audit import Act
from bot.core.model import Dispatch, NoticeKind, RunId, Source
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Reason
from bot.core.status import RunState
from bot.models import Run, atomic, still
from bot.runs import attempts, audit, clock, finish, outbox
from bot.runs.attempts import Attempt
from bot.runs.budget import Budget
from bot.runs.door import Platform
from bot.runs.refusals import MaybeSent, NothingSent

log = logging.getLogger(__name__)


def send(platform: Platform, run: Run, attempt: Attempt, dispatch: Dispatch, budget: Budget) -> None:
    """Sends the run's message. The run must have been queued by this attempt. Raises NothingSent or MaybeSent."""
    try:
        platform.sender.send(dispatch, run=RunId(run.pk), within=budget.left(), enter=budget.enter)
    except NotSent as exc:
        log.warning("run %s not sent: %s", run.pk, exc)
        if not budget.leave():
            _settle(platform, run, attempt, RunState.UNKNOWN)
            raise MaybeSent(run) from exc
        try:
            attempts.end(attempt, exc.reason)
        except Error:
            log.exception("run %s was not sent, but that can't be saved now", run.pk)
            platform.unsaved.end(attempt, exc.reason)
        raise NothingSent(exc.reason) from exc
    except FateUnknown as exc:
        log.warning("run %s may have been sent: %s", run.pk, exc)
        _settle(platform, run, attempt, RunState.UNKNOWN)
        raise MaybeSent(run) from exc
    log.info("run %s of schedule %s sent as task %s", run.pk, run.schedule_id, run.task_id)
    _settle(platform, run, attempt, RunState.SENT)


def _settle(platform: Platform, run: Run, attempt: Attempt, state: RunState) -> None:
    """Saves the new state. If the database fails, a thread tries again.

    Until then the row is `queued`; a worker's report or the deadline also ends that.
    """
    save = partial(_save, platform, run, attempt, state, clock.last())
    try:
        save()
    except Error:
        log.exception("run %s is %s, but that can't be saved now", run.pk, state)
        platform.unsaved.save(attempt.task_id, save)


def _save(platform: Platform, run: Run, attempt: Attempt, state: RunState, now: datetime) -> None:
    """Saves the new state and the notices that the run owes. If no result will come, a sent run ends here, as unseen.

    If a watcher has recorded the result already, the state stays. A second call does no harm: the first one may have been
    committed although its answer was lost.
    """
    sent_at = now if state is RunState.SENT else None
    rows = Run.objects.filter(pk=run.pk, sent_at=None)
    with atomic():
        was_queued = rows.filter(still(RunState.QUEUED)).update(state=state, sent_at=sent_at)
        if not was_queued and not rows.update(sent_at=sent_at):  # the state of a recorded result stays
            return
        if attempt.replaces and outbox.has_notices(run):  # this run, or an earlier attempt, waited for approval
            outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, now=now, at_once=True)
            outbox.owe_answered(run, now=now)
        else:
            outbox.owe(run, NoticeKind.ROOT, NoticeKind.ID, now=now)
        if state is RunState.SENT:
            audit.append(attempt.record(Act.RUN_SENT, run))
        if state is RunState.SENT and run.source == Source.NONE:
            finish.end_unseen(run.pk, Reason(code=Code.NO_RESULTS), now=now)
    platform.wake()
