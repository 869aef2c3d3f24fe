"""Makes sure that only one run of a schedule is open at a time, if a rule asks for that."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F

from bot.core.model import Schedule
from bot.core.rules import Rule
from bot.models import Run, Turn, atomic
from bot.runs import limits
from bot.runs.door import Platform
from bot.runs.follow import catch_up
from bot.runs.refusals import NotAllowed


@contextmanager
def turn(platform: Platform, key: str, schedule: Schedule, rules: tuple[Rule, ...]) -> Iterator[None]:
    """Use this around the statement that saves the run with this key. Does nothing without such a rule.

    Raises NotAllowed if another run of the schedule is open.
    """
    if not any(rule.one_at_a_time for rule in rules):
        yield
        return
    if denied := limits.busy(rules, schedule, key=key):
        # The open run may have ended without our having read it yet. Asking may take long, so the row isn't locked meanwhile.
        catch_up(platform, Run.objects.get(pk=denied.params["run"]))
    if not Turn.objects.filter(pk=schedule.id).exists():
        # Not in the transaction below: on MariaDB, two transactions that both find no row would deadlock.
        Turn.objects.bulk_create([Turn(pk=schedule.id)], ignore_conflicts=True)
    with atomic():
        # This locks the row until the run is saved. As the first statement, it also makes SQLite begin as a writer.
        Turn.objects.filter(pk=schedule.id).update(taken=F("taken") + 1)
        if denied := limits.busy(rules, schedule, key=key):
            raise NotAllowed(denied)
        yield
