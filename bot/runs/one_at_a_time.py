"""Lets only one run of a schedule be open at a time, if a rule asks for that."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F

from bot.core.model import Schedule
from bot.core.rules import Rule
from bot.core.status import OPEN
from bot.models import Run, Turn, atomic
from bot.runs import limits
from bot.runs.door import Platform
from bot.runs.follow import catch_up
from bot.runs.refusals import NotAllowed


@contextmanager
def one_at_a_time(platform: Platform, key: str, schedule: Schedule, rules: tuple[Rule, ...]) -> Iterator[None]:
    """Wrap the statement that saves the run.

    If a rule allows one run at a time, this locks the schedule, and raises NotAllowed while another run is open. `key`: the key of
    the run that is saved, which doesn't count.
    """
    if not any(rule.one_at_a_time for rule in rules):
        yield
        return
    if (other := _open_run(schedule, key)) is not None:
        # The other run may have ended, but its end may not be saved yet. Asking may take long, so the row isn't locked meanwhile.
        catch_up(platform, Run.objects.get(pk=other))
    if not Turn.objects.filter(pk=schedule.id).exists():
        # Not in the transaction below: on MariaDB, two transactions that both find no row would deadlock.
        Turn.objects.bulk_create([Turn(pk=schedule.id)], ignore_conflicts=True)
    with atomic():
        # This locks the row until the run is saved. As the first statement, it also makes SQLite begin as a writer.
        Turn.objects.filter(pk=schedule.id).update(taken=F("taken") + 1)
        if denied := limits.busy(rules, _open_run(schedule, key)):
            raise NotAllowed(denied)
        yield


def _open_run(schedule: Schedule, key: str) -> int | None:
    """The schedule's newest open run, other than the one with this key."""
    # Not ordered by the primary key: PostgreSQL may walk down it through the runs of others.
    others = Run.objects.filter(schedule_id=schedule.id, state__in=OPEN).exclude(key=key).order_by("-created_at")
    return others.values_list("pk", flat=True).first()
