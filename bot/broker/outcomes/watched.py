"""Finds the runs whose outcomes runtask looks for, and limits how often it looks."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import QuerySet

from bot.core.model import Source
from bot.core.status import RunState
from bot.models import Run
from bot.runs import clock, finish

T = TypeVar("T")
Tokens = dict[str, str]  # the token that was recorded last, by task id, oldest run first


@dataclass
class Turns:
    """Limits work to `share` of the time, and to once every `pause` seconds."""

    share: float = 1.0
    pause: float = 0.0
    _next: float = float("-inf")  # the time of the next turn, on the monotonic clock

    def take(self, work: Callable[[], T]) -> T | None:
        """Does the work, and returns its result, if it is due. None: it isn't due yet."""
        began = time.monotonic()
        if began < self._next:
            return None
        found = work()
        now = time.monotonic()
        self._next = began + max(self.pause, (now - began) / self.share)
        return found


def open_runs(source: Source, states: Collection[RunState]) -> Tokens:
    return _tokens(Run.objects.filter(source=source, state__in=states))


def ended_runs(source: Source) -> Tokens:
    """Ended runs that may still get a later end or a second one."""
    return _tokens(Run.objects.filter(finish.watched_on(clock.now()), source=source))


def _tokens(runs: QuerySet[Run]) -> Tokens:
    # Sorted in Python (bot.models.run.Run).
    found = sorted(runs.order_by().values_list("pk", "task_id", "seen"))
    return {task_id: seen for _, task_id, seen in found}
