"""Work that begins once Slack has its answer: begun earlier, it would compete with the answer for the interpreter."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.slack.answering import with_fresh_connections
from bot.slack.patience import Patience, Wait

log = logging.getLogger(__name__)

GIVES_WAY = 0.03  # seconds at most, which nobody notices; the answers to a hundred people at once take less


@dataclass
class _Owed:
    """How many answers this process owes at the moment.

    One that takes 3 s is an error to the person who waits for it; a form that opens some milliseconds later is as good.
    """

    _count: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def one_more(self) -> None:
        with self._changed:
            self._count += 1

    def one_less(self) -> None:
        with self._changed:
            self._count -= 1
            if not self._count:
                self._changed.notify_all()

    def wait_for_none(self, until: float) -> None:
        """Or until that moment (monotonic)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count, until - time.monotonic())


_owed, _patience = _Owed(), Patience()


@dataclass
class Answer:
    """One that is being made, and the work that waits for it."""

    _waiting: list[Callable[[], object]] = field(default_factory=list)
    _is_out: bool = False

    def __post_init__(self) -> None:
        _owed.one_more()

    def then(self, begin: Callable[[], object]) -> None:
        self._waiting.append(begin)

    def out(self) -> None:
        """It has been sent, or nobody will ever say so: what waits begins. Twice is as good as once."""
        if not self._is_out:
            self._is_out = True
            _owed.one_less()
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
    except BaseException:
        made.out()
        raise
    finally:
        _being_made.reset(before)


@dataclass(frozen=True)
class Afterwards:
    """A bounded pool of threads, each with its own database connection; what doesn't fit waits."""

    pool: ThreadPoolExecutor

    def do(self, work: Callable[[], None], *, late: Callable[[], None]) -> None:
        """After the answer that is being made in this thread, or at once if there is none; `late` if that takes too long.

        Nearly: answers to others that are owed go first, so that none is late because of the forms of many.
        """
        wait = _patience.begin(late)
        if (first := _being_made.get()) is None:
            self.pool.submit(_do, work, wait, time.monotonic())
        else:
            first.then(lambda: self.pool.submit(_do, work, wait, time.monotonic()))


def _do(work: Callable[[], None], wait: Wait, begun: float) -> None:
    _owed.wait_for_none(begun + GIVES_WAY)
    try:
        with_fresh_connections(work)
    except Exception:
        log.exception("work after an answer failed")
    finally:
        wait.is_over = True
