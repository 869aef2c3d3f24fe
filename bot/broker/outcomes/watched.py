"""The runs whose outcomes are looked for, and how often."""

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
Tokens = dict[str, str]  # what was recorded last, by task id, oldest run first


@dataclass
class Turns:
    """Keeps work from taking more than `share` of the time, and from being done more often than every `pause` seconds."""

    share: float = 1.0
    pause: float = 0.0
    _next: float = float("-inf")  # monotonic

    def take(self, work: Callable[[], T]) -> T | None:
        """None: it isn't due yet."""
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
    """Those that may still end a second time, or late."""
    return _tokens(Run.objects.filter(finish.watched_on(clock.now()), source=source))


def _tokens(runs: QuerySet[Run]) -> Tokens:
    # Sorted here: PostgreSQL may walk down the primary key through all finished runs.
    found = sorted(runs.order_by().values_list("pk", "task_id", "seen"))
    return {task_id: seen for _, task_id, seen in found}
