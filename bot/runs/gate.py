"""Checks whether Slack accepts our token. While it doesn't, deliverers claim no notices."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import InstallationId
from bot.core.ports import InstallationRefused, Introduction, Messenger, NotDelivered
from bot.core.reasons import Reason
from bot.runs import installations

log = logging.getLogger(__name__)

EVERY = 20.0  # seconds between two checks while Slack accepts the token: /readyz must report a refusal within 30 s
PAUSE = 30.0  # seconds between a refusal and the next check
RETRY = 2.0  # seconds between a check that Slack didn't answer and the next one
LISTEN = 0.2  # seconds between two looks for refusals that other processes have saved


@dataclass
class Gate:
    """Is open while Slack accepts our token.

    `ask` runs in a thread that may wait for Slack. `write` and `listen` run in the thread that uses the database.
    """

    messenger: Messenger
    clock: Callable[[], datetime]
    installation: InstallationId = installations.NAMELESS  # the token's, by Slack's last answer
    is_open: bool = False
    is_trusted: bool = False  # whether Slack has accepted a message since the last refusal. If not, try one at a time.
    _next_check: float = 0.0  # monotonic: when the next check is due
    _news: Introduction | Reason | None = None  # Slack's answer, while it isn't saved yet
    _known: Reason | None = None  # the problem that `listen` read last
    _next_look: float = 0.0  # monotonic: when the next look for refusals of other processes is due

    def is_due(self) -> bool:
        """Whether to call `ask` now. After True, it returns False for a while, so that only one thread asks."""
        if time.monotonic() < self._next_check:
            return False
        self._next_check = time.monotonic() + PAUSE
        return True

    def ask(self) -> None:
        try:
            found = self.messenger.introduce()
        except InstallationRefused as exc:
            self.shut(exc)
        except NotDelivered as exc:
            log.warning("Slack can't be asked whether our token is good: %s", exc)
            self._next_check = time.monotonic() + (EVERY if self.is_open else RETRY)
        else:
            self._news, self.installation = found, found.installation
            self.is_open, self._next_check = True, time.monotonic() + EVERY

    def shut(self, exc: InstallationRefused) -> None:
        """Call this when Slack has refused our token."""
        log.error("Slack refuses this installation (%s): nothing can be delivered until that is mended", exc)
        self._news = self._known = exc.reason
        self.is_open = self.is_trusted = False
        self._next_check = time.monotonic() + PAUSE

    def write(self) -> None:
        """Saves Slack's last answer, for /readyz and other processes."""
        news = self._news
        if isinstance(news, Introduction):
            installations.seen(news, now=self.clock())
        elif news is not None:
            installations.refused(self.installation, news)
        if self._news is news:
            self._news = None

    def listen(self) -> None:
        """If Slack has just refused another process, makes a check due. That process may use another token: the gate stays open."""
        if not self.is_open or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LISTEN
        problem = installations.problem(self.installation)
        if problem is not None and problem != self._known:
            self._next_check = 0.0
        self._known = problem
