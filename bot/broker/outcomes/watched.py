"""Finds the runs whose outcomes runtask looks for."""

from collections.abc import Collection

from django.db.models import QuerySet

from bot.core.model import Source
from bot.core.status import RunState
from bot.models import Run
from bot.runs import clock, finish

Tokens = dict[str, str]  # the token that was recorded last, by task id, oldest run first


def open_runs(source: Source, states: Collection[RunState]) -> Tokens:
    return _tokens(Run.objects.filter(source=source, state__in=states))


def ended_runs(source: Source) -> Tokens:
    """Ended runs whose source may still tell another end."""
    return _tokens(Run.objects.filter(finish.watched_on(clock.now()), source=source))


def _tokens(runs: QuerySet[Run]) -> Tokens:
    # Sorted in Python (bot.models.run.Run).
    found = sorted(runs.order_by().values_list("pk", "task_id", "seen"))
    return {task_id: seen for _, task_id, seen in found}
