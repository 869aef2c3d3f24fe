"""Records outcomes in open runs, together with the notices that the runs owe for them."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import DataError, IntegrityError

from bot.core.model import NoticeKind, Outcome
from bot.core.status import AWAITED, OPEN, RunState, after
from bot.models import Run, atomic
from bot.runs import outbox

log = logging.getLogger(__name__)

BATCH = 500


def record(outcomes: Iterable[Outcome], *, now: datetime, deadline: float) -> int:
    """Returns how many runs changed. Recording the same outcomes again changes nothing."""
    changed = 0
    for outcome in outcomes:
        try:
            changed += _record(outcome, now, timedelta(seconds=deadline))
        except (DataError, IntegrityError, ValueError):  # refused by the database; must not block the others
            log.exception("the outcome of task %s can't be recorded", outcome.task_id)
    return changed


@atomic()
def _record(outcome: Outcome, now: datetime, deadline: timedelta) -> bool:
    run = Run.objects.select_for_update().filter(task_id=outcome.task_id, state__in=OPEN).first()
    if run is None or run.seen_at == outcome.at:
        return False
    run.state = after(RunState(run.state), outcome.status)
    run.status = outcome.status
    run.seen_at = outcome.at
    run.started_at = run.started_at or outcome.started_at or (outcome.at if run.state == RunState.RUNNING else None)
    run.result, run.result_length = outcome.result, outcome.result_length
    run.traceback, run.worker = outcome.traceback, outcome.worker
    run.deadline_at = now + deadline
    owed = [NoticeKind.ROOT, NoticeKind.ID]  # a run that a crash left `queued` still owes them
    is_over = run.state == RunState.FINISHED
    if is_over:
        run.finished_at = outcome.at
        owed.append(NoticeKind.FINAL)
    run.save()
    outbox.owe_edit(run, *owed, now=now, at_once=is_over)
    if is_over:
        log.info("run %s ended: %s", run.pk, run.status)
    return True


def mark_overdue(*, now: datetime, only: int | None = None) -> int:
    """Marks runs whose deadline has passed without a report. `only`: looks at this run only. Returns how many."""
    # Not ordered by the primary key: PostgreSQL may walk down it through all finished runs.
    late = Run.objects.filter(state__in=AWAITED, deadline_at__lte=now).order_by("deadline_at")
    if only is not None:
        late = late.filter(pk=only)
    return sum(_mark_overdue(pk, now) for pk in list(late.values_list("pk", flat=True)[:BATCH]))


@atomic()
def _mark_overdue(pk: int, now: datetime) -> bool:
    run = Run.objects.select_for_update().filter(pk=pk, state__in=AWAITED, deadline_at__lte=now).first()
    if run is None:
        return False
    run.state = RunState.OVERDUE
    run.save(update_fields=["state"])
    outbox.owe_edit(run, NoticeKind.ROOT, NoticeKind.ID, NoticeKind.DEADLINE, now=now, at_once=True)
    log.warning("run %s: its deadline has passed without a report from a worker", run.pk)
    return True
