"""Keeps what fails at each pass from being tried and logged each time."""

import math
import time
from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass
class Pauses:
    """Which things have failed lately. Threads may share it."""

    seconds: float
    most: int = 1000  # things that are remembered; if there are more, some are tried again sooner
    _since: dict[Hashable, float] = field(default_factory=dict)  # on the monotonic clock

    def waits(self, thing: Hashable) -> bool:
        return time.monotonic() - self._since.get(thing, -math.inf) < self.seconds

    def begin(self, thing: Hashable) -> None:
        if len(self._since) >= self.most:
            self._since.clear()
        self._since[thing] = time.monotonic()
