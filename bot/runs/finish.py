"""Saves outcomes in runs, together with the notices that the runs then owe."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import DataError, IntegrityError, OperationalError
from django.db.models import Q

from bot.core.audit import Act, Record
from bot.core.entry import Entry
from bot.core.model import NoticeKind, Outcome, RunId, ScheduleId, Source
from bot.core.pauses import Pauses
from bot.core.reasons import Code, Reason
from bot.core.secrets import Secrets
from bot.core.status import AWAITED, ENDED, FINAL, OPEN, REJECTED, RETRY, WAITING, RunState, after
from bot.core.stops import MARK, REVOKED, has_begun, is_mark, is_terminated
from bot.core.text import clean, clip, clip_start
from bot.models import Run, atomic
from bot.runs import audit, masks, outbox
from bot.runs.failures import is_away

log = logging.getLogger(__name__)

BATCH = 500  # runs per call
RESULT_LIMIT = 3000  # characters kept of a result; the whole stays where the site keeps it
TRACEBACK_LIMIT = 6000  # characters kept of a traceback, from its end
LATER_ENDS = 10  # later ends that a run keeps, the newest ones
ANY = Q()  # every run
# An ended run is watched for this time. If its worker is lost, the broker may give the task to another worker, and it ends again.
WATCHED_ON = timedelta(hours=1)
PATIENCE = timedelta(hours=24)  # an open run ends as `unseen` this long after its deadline
# Outcomes that the database has refused, by task and token. Sources return them at each pass, so we skip them for a minute.
_refused = Pauses(60.0)


def record(outcomes: Iterable[Outcome], *, now: datetime, deadline: float, secret_keys: tuple[str, ...]) -> int:
    """Saves outcomes in their runs. Returns how many runs changed. Recording the same outcomes again changes nothing."""
    changed = 0
    for outcome in outcomes:
        key = (outcome.task_id, outcome.token)
        if _refused.waits(key):
            continue
        try:
            changed += _record(outcome, now, timedelta(seconds=deadline), secret_keys)
        except (DataError, IntegrityError, ValueError, OverflowError, OperationalError) as exc:
            if is_away(exc):
                raise
            # The database refuses this outcome, which must not block the others. Only the first line of its error is logged,
            # because further lines contain the whole row.
            _refused.begin(key)
            first, *_ = [*str(exc).splitlines(), ""]
            log.error("the outcome of task %s can't be recorded: %s %s", outcome.task_id, type(exc).__name__, first)  # noqa: TRY400
    return changed


@atomic()
def _record(outcome: Outcome, now: datetime, deadline: timedelta, secret_keys: tuple[str, ...]) -> bool:
    run = Run.objects.select_for_update().filter(task_id=outcome.task_id, state__in=OPEN | ENDED).first()
    if run is None or run.seen == outcome.token:
        return False
    if outcome.unreadable is not None:
        return _note_unreadable(run, outcome.unreadable)
    outcome = _fit_to_show(run, outcome, masks.of_run(run, secret_keys))
    if run.state == RunState.FINISHED:
        return _record_again(run, outcome, now)
    _take(run, outcome)
    is_over = run.state == RunState.FINISHED
    is_rejected = run.state == RunState.UNSEEN and outcome.status == REJECTED
    run.deadline_at = now + (WATCHED_ON if is_over or is_rejected else deadline)
    owed = [NoticeKind.ROOT, NoticeKind.ID]  # a crash may have left the run `queued`, without these
    if is_over and run.tells_of(run.status):
        owed.append(NoticeKind.FINAL)
    if is_rejected and run.tells_of(""):
        owed.append(NoticeKind.UNSEEN)
    run.save()
    outbox.owe_edit(run, *owed, now=now, at_once=is_over)
    if is_over:
        _append_end(run, status=run.status)
        log.info("run %s ended: %s", run.pk, run.status)
    if is_rejected:
        _append_end(run, code=Code.REJECTED)
    return True


def _note_unreadable(run: Run, why: Reason) -> bool:
    """Notes why an open run's end may stay unknown. A result that can be read may still come."""
    if run.state not in OPEN or run.unseen_because:
        return False
    run.unseen_because = why.dump()
    run.save(update_fields=["unseen_because"])
    return True


def _take(run: Run, outcome: Outcome) -> None:
    """Copies the outcome into the run. The caller saves the run."""
    if _runs_on(run, outcome):
        # The run keeps its progress. If no end has come by its deadline, `_mark_overdue` ends it as revoked.
        log.info("run %s is marked as stopped, but its task has begun", run.pk)
        run.state, run.status, run.seen, run.seen_at = RunState.RUNNING, outcome.status, outcome.token, outcome.at
        run.unseen_because = ""
        return
    run.state = after(RunState(run.state), outcome.status)
    if run.state != RunState.UNSEEN:  # a worker has reported something, so the reason is no longer true
        run.unseen_because = ""
    elif outcome.status == REJECTED:
        run.unseen_because = Reason(code=Code.REJECTED).dump()
    run.status = outcome.status
    run.seen, run.seen_at = outcome.token, outcome.at
    run.started_at = run.started_at or outcome.started_at or (outcome.at if run.state == RunState.RUNNING else None)
    run.finished_at = outcome.at if run.state == RunState.FINISHED else run.finished_at
    run.result, run.result_length = outcome.result, outcome.result_length
    run.traceback, run.worker = outcome.traceback, outcome.worker


def _runs_on(run: Run, outcome: Outcome) -> bool:
    """Whether a worker has only marked the task as revoked, while the task goes on in this worker or in another one.

    Events don't say REVOKED of a task that is only marked.
    """
    is_marked = is_mark(outcome.status, outcome.result) and run.source != Source.EVENTS
    return is_marked and has_begun(run.status, run.started_at)


def _fit_to_show(run: Run, outcome: Outcome, secrets: Secrets) -> Outcome:
    """The outcome as every front end may show it. Secrets are masked before the text is cut: in cut JSON, fewer are found."""
    if run.values_deleted_at is not None and outcome.status != REVOKED:
        return replace(outcome, result="", result_length=0, traceback="")
    return replace(
        outcome,
        result=clip(clean(secrets.text(outcome.result)), RESULT_LIMIT),
        traceback=clip_start(clean(secrets.text(outcome.traceback)), TRACEBACK_LIMIT),
    )


def _record_again(run: Run, outcome: Outcome, now: datetime) -> bool:
    """Saves a later outcome of a run that has ended. If that is another end, a reply says so. The run still shows its first end."""
    run.seen = outcome.token
    run.deadline_at = now + WATCHED_ON
    if outcome.status not in WAITING | {RETRY, REVOKED}:
        # The task has begun after all. A Stop can't prevent that any more.
        run.stop_due_at = None
    ends = _ends(run)
    if outcome.status == REVOKED == ends[-1][0]:  # several workers may report that they revoked the task
        return _revoked_again(run, outcome, now)
    this_end = (outcome.status, outcome.result, outcome.at)
    is_new = outcome.status in FINAL and this_end[:2] != ends[-1][:2] and this_end not in ends  # events may come twice
    if is_new:
        run.later_ends.append({"status": outcome.status, "result": outcome.result, "at": outcome.at.isoformat()})
        run.later_ends = run.later_ends[-LATER_ENDS:]
    run.save(update_fields=["seen", "later_ends", "deadline_at", "stop_due_at"])
    if is_new and run.tells_of(outcome.status):
        outbox.owe_again(run, now=now)
    if is_new:
        audit.append(of_run(Act.RUN_ENDED, run, state=run.state, status=outcome.status, again=True))
        log.warning("run %s ended again: %s", run.pk, outcome.status)
    return is_new


def _ends(run: Run) -> list[tuple[str, str, datetime | None]]:
    """The run's ends so far, the first one first: status, result, and when."""
    later = ((end["status"], end["result"], datetime.fromisoformat(end["at"])) for end in run.later_ends)
    return [(run.status, run.result, run.finished_at), *later]


def _revoked_again(run: Run, outcome: Outcome, now: datetime) -> bool:
    """Saves a second report that the task was revoked. It isn't another end, but it may say that the task was terminated."""
    is_news = not run.later_ends and run.result != outcome.result
    if is_news:
        if is_terminated(run.status, outcome.result) and not is_terminated(run.status, run.result):
            audit.append(of_run(Act.RUN_TERMINATED, run))
        run.result = outcome.result
        outbox.owe_edit(run, now=now)
    run.save(update_fields=["seen", "result", "deadline_at"])
    return is_news


def mark_overdue(*, now: datetime, of: Q = ANY) -> int:
    """Marks runs as overdue if their deadline has passed without a report. `of`: which runs may change.

    Ends them instead if they have no source, or if a worker has marked their task as revoked. Returns how many runs changed.
    """
    return sum(_mark_overdue(pk, now) for pk in _late(AWAITED, now, of))


def give_up(*, now: datetime, of: Q = ANY) -> int:
    """Ends open runs as unseen a day after their deadline. Returns how many runs changed. `of`: which runs may be ended."""
    why = Reason(code=Code.NEVER_HEARD)
    return sum(end_unseen(pk, why, now=now) for pk in _late(OPEN, now - PATIENCE, of))


def watched_on(now: datetime) -> Q:
    """A condition for runs that have ended within the last hour, and may still end a second time, or late.

    Runs that an older version ended may have a deadline far in the future. The upper limit excludes these.
    """
    return Q(state__in=ENDED, deadline_at__gt=now, deadline_at__lte=now + WATCHED_ON)


def _late(states: Collection[RunState], by: datetime, of: Q) -> list[int]:
    # Not ordered by the primary key (bot.models.run.Run).
    late = Run.objects.filter(of, state__in=states, deadline_at__lte=by).order_by("deadline_at")
    return list(late.values_list("pk", flat=True)[:BATCH])


@atomic()
def _mark_overdue(pk: int, now: datetime) -> bool:
    run = Run.objects.select_for_update().filter(pk=pk, state__in=AWAITED, deadline_at__lte=now).first()
    if run is None:
        return False
    if run.source == Source.NONE:  # it may or may not have been sent, and no result will ever come
        return end_unseen(pk, Reason(code=Code.NO_RESULTS), now=now)
    if run.status == REVOKED:
        return _believe_mark(run, now)
    run.state = RunState.OVERDUE
    run.save(update_fields=["state"])
    outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, NoticeKind.DEADLINE, now=now, at_once=True)
    log.warning("run %s: its deadline has passed without a report from a worker", run.pk)
    return True


def _believe_mark(run: Run, now: datetime) -> bool:
    """Ends a run whose task was marked as revoked after its start, and of which nothing else was heard until the deadline."""
    run.state, run.result, run.finished_at, run.deadline_at = RunState.FINISHED, MARK, run.seen_at, now + WATCHED_ON
    run.result_length = len(MARK)
    run.save()
    replies = [NoticeKind.FINAL] if run.tells_of(run.status) else []
    outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, *replies, now=now, at_once=True)
    _append_end(run, status=run.status)
    return True


@atomic()
def withdraw(pk: int, *, now: datetime) -> bool:
    """Ends a run whose message was taken back, so that it will certainly not be run."""
    run = Run.objects.select_for_update().filter(pk=pk, state__in=OPEN).first()
    if run is None:
        return False
    run.state, run.stop_due_at, run.deadline_at = RunState.WITHDRAWN, None, now
    run.save(update_fields=["state", "stop_due_at", "deadline_at"])
    replies = [NoticeKind.CLOSED] if run.tells_of("") else []
    outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, *replies, now=now, at_once=True)
    audit.append(of_run(Act.RUN_WITHDRAWN, run))
    log.info("run %s withdrawn", run.pk)
    return True


@atomic()
def end_unseen(pk: int, why: Reason, *, now: datetime) -> bool:
    """Ends an open run whose end can't be known any more. A reason that the run has already is kept: it says more than `why`."""
    run = Run.objects.select_for_update().filter(pk=pk, state__in=OPEN).first()
    if run is None:
        return False
    reason = run.unseen_reason or why
    run.state, run.unseen_because = RunState.UNSEEN, reason.dump()
    run.deadline_at = now + WATCHED_ON
    run.save(update_fields=["state", "unseen_because", "deadline_at"])
    replies = [NoticeKind.UNSEEN] if run.tells_of("") else []
    outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, *replies, now=now, at_once=True)
    _append_end(run, code=reason.code, **reason.params)
    log.warning("run %s: its end can't be known (%s)", run.pk, reason.code)
    return True


def _append_end(run: Run, **details: Any) -> None:
    if is_terminated(run.status, run.result):
        audit.append(of_run(Act.RUN_TERMINATED, run))
    audit.append(of_run(Act.RUN_ENDED, run, state=run.state, **details))


def of_run(act: Act, run: Run, **details: Any) -> Record:
    """A record of something that happened to a run, and that no person did."""
    return Record(
        act=act,
        entry=Entry.SYSTEM,
        schedule=ScheduleId(run.schedule_id),
        schedule_name=run.schedule_name,
        run=RunId(run.pk),
        installation=run.installation,
        details={"task_id": run.task_id, **details},
    )
