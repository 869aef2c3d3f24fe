"""One time limit for everything that happens before Slack is answered, and one gate before what can't be taken back."""

import threading
import time
from dataclasses import dataclass, field

ACK_BUDGET = 2.5  # seconds; Slack gives up after 3 (docs.slack.dev: interactivity/handling-user-interaction)


@dataclass
class Budget:
    """Runs from its making, on a monotonic clock; each step gets what is left.

    Publishing passes the gate just before its first byte, as does a form just before it opens. Who answers the person when
    time is up shuts it: then either nothing has gone out and nothing will, or it has begun.
    """

    seconds: float = ACK_BUDGET
    started: float = field(default_factory=time.monotonic)
    entered: bool = field(default=False, init=False)
    _is_shut: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def left(self, at_most: float = float("inf")) -> float:
        """Seconds left, never below 0."""
        return max(0.0, min(at_most, self.started + self.seconds - time.monotonic()))

    def enter(self) -> bool:
        """False if the person was told already that nothing was sent."""
        with self._lock:
            self.entered = not self._is_shut
            return self.entered

    def leave(self) -> bool:
        """Nothing went out after all. False if the person was told that it may have: that is followed, then."""
        with self._lock:
            if self.entered and self._is_shut:
                return False
            self.entered = False
            return True

    def shut(self) -> bool:
        """True if nothing has gone out, and nothing will."""
        with self._lock:
            self._is_shut = True
            return not self.entered
