"""Runs that somebody stops, and what workers report of them."""

from datetime import timedelta
from typing import Any

from bot.core.model import NoticeKind, RunId, TaskId
from bot.core.secrets import WORDS
from bot.models import Notice, Run
from bot.runs import clock, finish, outbox, stop
from tests.factories import a_run, an_outcome
from tests.runs.conftest import Door

HOUR = timedelta(hours=1)


def sent(**fields: Any) -> Run:
    """A run that was just sent, with its first notices, as `start` leaves it."""
    run = a_run(**{"deadline_at": clock.now() + HOUR, **fields})
    outbox.owe(run, NoticeKind.ROOT, NoticeKind.ID, now=clock.now())
    return run


def stopped(door: Door, run: Run, **how: Any) -> Run:
    found = stop.stop(door.admitted(), RunId(run.pk), **how)
    assert found is not None
    return found


def repeating(door: Door) -> stop.Repeating:
    return stop.Repeating(door.stopper, door.outcomes.sources(), 1800, WORDS, door.platform.wake)


def told_again(door: Door, run: Run) -> int:
    """Makes the next repetition due, and returns how often workers were told."""
    before = len(door.stopper.told)
    Run.objects.filter(pk=run.pk, stop_due_at__isnull=False).update(stop_due_at=clock.now())
    repeating(door).step()
    return len(door.stopper.told) - before


def ends(run: Run, status: str, result: str = "") -> None:
    outcome = an_outcome(status, task_id=TaskId(run.task_id), at=clock.now(), result=result)
    assert finish.record([outcome], now=clock.now(), deadline=1800, secret_keys=WORDS) == 1
    run.refresh_from_db()


def owed(run: Run) -> set[str]:
    return set(Notice.objects.filter(run=run).values_list("kind", flat=True))
