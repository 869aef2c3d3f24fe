"""Whose turn it is, where a rule allows one run of a schedule at a time."""

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
    """Around the statement that saves the run with this key. Raises NotAllowed if another one is open. Without such a rule, it does nothing."""
    if not any(rule.one_at_a_time for rule in rules):
        yield
        return
    if denied := limits.busy(rules, schedule, key=key):
        # Perhaps nobody has asked yet how that one ended. That may take a moment, so nobody else waits for it.
        _ = catch_up(platform, Run.objects.get(pk=denied.params["run"]))
    if not Turn.objects.filter(pk=schedule.id).exists():
        # Not below: on MariaDB, two transactions that both find no row would lock each other out.
        Turn.objects.bulk_create([Turn(pk=schedule.id)], ignore_conflicts=True)
    with atomic():
        # This locks the row until the run is saved. As the first statement, it also makes SQLite begin as a writer.
        Turn.objects.filter(pk=schedule.id).update(taken=F("taken") + 1)
        if denied := limits.busy(rules, schedule, key=key):
            raise NotAllowed(denied)
        yield
