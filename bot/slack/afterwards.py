"""Work that begins once Slack has its answer: begun earlier, it would compete with the answer for the interpreter."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.slack.answering import with_fresh_connections

log = logging.getLogger(__name__)


@dataclass
class Answer:
    """One that is being made, and the work that waits for it."""

    _waiting: list[Callable[[], object]] = field(default_factory=list)

    def then(self, begin: Callable[[], object]) -> None:
        self._waiting.append(begin)

    def out(self) -> None:
        """It has been sent, or nobody will ever say so: what waits begins. Twice is as good as once."""
        while self._waiting:
            self._waiting.pop(0)()


_being_made: ContextVar[Answer | None] = ContextVar("_being_made", default=None)


@contextmanager
def answer() -> Iterator[Answer]:
    """Around the making of an answer, by whoever sends it."""
    made = Answer()
    before = _being_made.set(made)
    try:
        yield made
    finally:
        _being_made.reset(before)


@dataclass(frozen=True)
class Afterwards:
    """A bounded pool of threads, each with its own database connection; what doesn't fit waits."""

    pool: ThreadPoolExecutor

    def do(self, work: Callable[[], None]) -> None:
        """After the answer that is being made in this thread, or at once if there is none."""
        if (first := _being_made.get()) is None:
            self.pool.submit(_do, work)
        else:
            first.then(lambda: self.pool.submit(_do, work))


def _do(work: Callable[[], None]) -> None:
    try:
        with_fresh_connections(work)
    except Exception:
        log.exception("work after an answer failed")
