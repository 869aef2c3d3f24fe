"""What Slack has said about accounts without a link.

It is kept for a minute. Otherwise, a few guests who repeat a command would use up the calls that Slack grants the app, and
runtask could no longer ask about people who have a link.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core.model import Profile, SlackAccount

KEPT = 60.0  # seconds
MOST = 50  # accounts that Slack is asked about within KEPT seconds. Slack grants about 100 calls a minute
TOO_MANY = "too many accounts without a link"
Said = Profile | str  # a string is the error code, if Slack gave no profile


@dataclass
class Unlinked:
    """The answers of the last minute. Threads may share it."""

    clock: Callable[[], float] = time.monotonic
    _said: dict[SlackAccount, tuple[float, Said]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def said(self, account: SlackAccount, ask: Callable[[SlackAccount], Said]) -> Said:
        """The answer of the last minute about this account. If there is none, `ask` is called, unless it was called too often."""
        now = self.clock()
        with self._lock:
            self._said = {one: kept for one, kept in self._said.items() if now - kept[0] < KEPT}
            if account in self._said:
                return self._said[account][1]
            if len(self._said) >= MOST:
                return TOO_MANY
        said = ask(account)
        with self._lock:
            self._said[account] = now, said
        return said
