"""Limits how fast a process posts. Slack accepts about one message per second and channel, and short bursts."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# "1 per second", "short bursts over that limit are allowed": docs.slack.dev, apis/web-api/rate-limits
BURST = 3
PER_SECOND = 1.0
REMEMBERED = 1000  # channels; a full bucket needs no memory


@dataclass
class Pacer:
    """A bucket of BURST messages per channel, which refills with PER_SECOND. Thread-safe. Times are monotonic seconds."""

    clock: Callable[[], float] = time.monotonic
    _full_at: dict[str, float] = field(default_factory=dict)  # when a channel's bucket will be full again
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, channel: str) -> float:
        """0 if a message may be sent now, which is then counted. Otherwise the seconds until one may be sent."""
        with self._lock:
            now = self.clock()
            full_at = max(self._full_at.get(channel, now), now)
            wait = full_at - now - (BURST - 1) / PER_SECOND
            if wait > 0:
                return wait
            self._full_at[channel] = full_at + 1 / PER_SECOND
            if len(self._full_at) > REMEMBERED:
                self._full_at = {c: t for c, t in self._full_at.items() if t > now}
            return 0.0

    def pause(self, channel: str, seconds: float) -> None:
        """Nothing may be sent to this channel for so long (Slack's Retry-After)."""
        with self._lock:
            full_at = self.clock() + seconds + (BURST - 1) / PER_SECOND
            self._full_at[channel] = max(full_at, self._full_at.get(channel, full_at))

    def closed(self) -> list[str]:
        """Channels that must wait at this moment."""
        with self._lock:
            limit = self.clock() + (BURST - 1) / PER_SECOND
            return [channel for channel, full_at in self._full_at.items() if full_at > limit]
