"""Whether Slack takes our token. Nothing is claimed before it did, nor after a refusal until it does again."""

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

EVERY = 20.0  # seconds between two questions while all is well: /readyz must tell within 30 s
PAUSE = 30.0  # seconds after a refusal
RETRY = 2.0  # seconds after a question that had no answer
LISTEN = 0.2  # seconds between two looks at what other processes have written down


@dataclass
class Gate:
    """`ask` runs in a thread that may wait for Slack, `write` and `listen` in the one that has the database."""

    messenger: Messenger
    clock: Callable[[], datetime]
    installation: InstallationId = installations.NAMELESS  # as Slack said last
    is_open: bool = False
    is_trusted: bool = False  # a message got through since the last refusal. Until then, one is tried at a time.
    _next: float = 0.0  # monotonic
    _news: Introduction | Reason | None = None  # not written yet
    _heard: Reason | None = None  # the problem that was known at the last look
    _listen: float = 0.0  # monotonic

    def is_due(self) -> bool:
        """Whether it is time to ask. Says so once."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + PAUSE
        return True

    def ask(self) -> None:
        try:
            found = self.messenger.introduce()
        except InstallationRefused as exc:
            self.shut(exc)
        except NotDelivered as exc:
            log.warning("Slack can't be asked whether our token is good: %s", exc)
            self._next = time.monotonic() + (EVERY if self.is_open else RETRY)
        else:
            self._news, self.installation = found, found.installation
            self.is_open, self._next = True, time.monotonic() + EVERY

    def shut(self, exc: InstallationRefused) -> None:
        """Slack refuses us."""
        log.error("Slack refuses this installation (%s): nothing can be delivered until that is mended", exc)
        self._news = self._heard = exc.reason
        self.is_open = self.is_trusted = False
        self._next = time.monotonic() + PAUSE

    def write(self) -> None:
        """Writes down what is new, for /readyz."""
        news = self._news
        if isinstance(news, Introduction):
            installations.seen(news, now=self.clock())
        elif news is not None:
            installations.refused(self.installation, news)
        if self._news is news:
            self._news = None

    def listen(self) -> None:
        """If another process has just been refused, it is time to ask. Its token may be another one, so that proves nothing."""
        if not self.is_open or time.monotonic() < self._listen:
            return
        self._listen = time.monotonic() + LISTEN
        problem = installations.problem(self.installation)
        if problem is not None and problem != self._heard:
            self._next = 0.0
        self._heard = problem
