"""Makes pauses in work that repeats: after a failure, and so that it takes only a share of the time."""

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Pauses:
    """Which things have failed lately, so that they aren't tried and logged at each pass. Threads may share it."""

    seconds: float
    most: int = 1000  # things that are remembered; if there are more, all are forgotten, and tried again sooner
    _since: dict[Hashable, float] = field(default_factory=dict)  # on the monotonic clock

    def waits(self, thing: Hashable) -> bool:
        return time.monotonic() - self._since.get(thing, -math.inf) < self.seconds

    def begin(self, thing: Hashable) -> None:
        if len(self._since) >= self.most:
            self._since.clear()
        self._since[thing] = time.monotonic()


@dataclass
class WorkLimit:
    """Limits work to `share` of the time, and to once every `pause` seconds."""

    share: float = 1.0
    pause: float = 0.0
    _next: float = float("-inf")  # when work is due again, on the monotonic clock

    def do(self, work: Callable[[], T]) -> T | None:
        """Does the work, and returns its result, if it is due. None: it isn't due yet."""
        began = time.monotonic()
        if began < self._next:
            return None
        found = work()
        now = time.monotonic()
        self._next = began + max(self.pause, (now - began) / self.share)
        return found
