"""Sends the message of a queued run, and saves whether it was sent."""

import logging

from django.db import Error

from bot.core.audit import Act
from bot.core.model import Dispatch, NoticeKind, RunId, Source
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Reason
from bot.core.status import RunState
from bot.models import Run, atomic, still
from bot.runs import attempts, audit, clock, finish, outbox
from bot.runs.attempts import Attempt
from bot.runs.door import Platform
from bot.runs.refusals import MaybeSent, NothingSent
from bot.runs.waiting import Budget

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
    """Saves the new state and the notices that the run owes. A watcher may have recorded the result before that.

    If no result will come, a sent run ends here, as unseen.

    If the state can't be saved, the row stays `queued` until a watcher finds the result or the deadline passes.
    """
    try:
        now = clock.now()
        sent_at = now if state is RunState.SENT else None
        with atomic():
            if not Run.objects.filter(still(RunState.QUEUED), pk=run.pk).update(state=state, sent_at=sent_at):
                Run.objects.filter(pk=run.pk).update(sent_at=sent_at)  # the recorded result's state stays
            if run.approval_digest is None:
                outbox.owe(run, NoticeKind.ROOT, NoticeKind.ID, now=now)
            else:  # it has owed its root since it began to wait for approval
                outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, now=now, at_once=True)
                outbox.owe_answered(run, now=now)
            if state is RunState.SENT:
                audit.append(attempt.record(Act.RUN_SENT, run))
            if state is RunState.SENT and run.source == Source.NONE:
                finish.end_unseen(run.pk, Reason(code=Code.NO_RESULTS), now=now)
    except Error:
        log.exception("run %s is %s, but that can't be saved now", run.pk, state)
    platform.wake()
