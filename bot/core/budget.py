"""One time limit for everything that happens before Slack is answered."""

import time
from dataclasses import dataclass, field

ACK_BUDGET = 2.5  # seconds; Slack gives up after 3 (docs.slack.dev: interactivity/handling-user-interaction)


@dataclass(frozen=True, slots=True)
class Budget:
    """Runs from its making, on a monotonic clock; each step gets what is left."""

    seconds: float = ACK_BUDGET
    started: float = field(default_factory=time.monotonic)

    def left(self, at_most: float = float("inf")) -> float:
        """Seconds left, never below 0."""
        return max(0.0, min(at_most, self.started + self.seconds - time.monotonic()))
