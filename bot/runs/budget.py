"""Limits the time that people wait: a budget for each answer, and work that begins after it.

Slack shows an error if it gets no answer within 3 s (docs.slack.dev: interactivity/handling-user-interaction). So:

- `Budget` is the time for one answer. It also decides between "nothing was sent" and "it may have been sent".
- `Threads.within` does work that the answer needs, and gives up when the budget is used up.
- `Threads.after_answer` does work that the answer doesn't need, such as opening a form. It starts when the answer has been
  sent, and calls `late` once if it takes longer than 3 s.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import close_old_connections

log = logging.getLogger(__name__)

T = TypeVar("T")
ANSWER_LIMIT = 2.5  # seconds: Slack's 3 s, less the time on the network
LATE = 3.0  # seconds until work counts as late: Slack's trigger ids expire after the same time
CHECK_LATE = 0.5  # seconds between two checks for late work
TELLING = 4  # people who are told at the same time that it takes longer, at most
YIELD = 0.03  # seconds that work waits at most for answers to be sent: enough for a hundred of them


@dataclass
class Budget:
    """The time for one answer. It begins when the budget is made. Each step gets what is left.

    Call `enter` just before the step that can't be undone (publish a message, open a form). To give up, call `shut`: it returns True
    if the step has not begun, and then the step can't begin any more.
    """

    seconds: float = ANSWER_LIMIT
    started: float = field(default_factory=time.monotonic)  # monotonic
    entered: bool = field(default=False, init=False)
    _is_shut: bool = field(default=False, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def left(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.started + self.seconds - time.monotonic())

    def enter(self) -> bool:
        """Returns False after `shut`. Then don't take the step: the person has been told that nothing was done."""
        with self._lock:
            self.entered = not self._is_shut
            return self.entered

    def leave(self) -> bool:
        """Takes `enter` back, as nothing was done after all.

        False if `shut` came after `enter`: the person has read that it may have been done.
        """
        with self._lock:
            if self.entered and self._is_shut:
                return False
            self.entered = False
            return True

    @property
    def is_shut(self) -> bool:
        return self._is_shut

    def shut(self) -> bool:
        """Call this to give up. True if nothing has been done and nothing will be. False if `enter` was first."""
        with self._lock:
            self._is_shut = True
            return not self.entered


class TooSlow(Exception):
    """The budget is used up. The work may still be going on."""


@dataclass(frozen=True)
class Threads:
    """Two bounded pools. Each thread has its own database connection."""

    answers: ThreadPoolExecutor
    afterwards: ThreadPoolExecutor

    def within(self, budget: Budget, work: Callable[[], T]) -> T:
        """The result or the exception of `work`. Raises TooSlow after the budget. Then work that hasn't started never starts."""
        try:
            future = self.answers.submit(_unless_shut, budget, work)
        except RuntimeError as exc:  # no thread can be started, but the pool keeps the work for its other threads
            budget.shut()
            raise TooSlow from exc
        try:
            return future.result(budget.left())
        except TimeoutError:
            if future.done():  # it finished at this moment, or `work` itself raised TimeoutError, such as a socket's
                return future.result()
            future.cancel()
            raise TooSlow from None

    def after_answer(self, work: Callable[[], None], *, late: Callable[[], None]) -> None:
        """Starts `work` when the answer that this thread is making has been sent, or at once if it makes none."""
        wait = _late.watch(late)

        def begin() -> None:
            self.afterwards.submit(_do, work, wait, time.monotonic() + YIELD)

        answer = _current.get()
        if answer is None:
            begin()
        else:
            answer.then(begin)


def _unless_shut(budget: Budget, work: Callable[[], T]) -> T:
    if budget.is_shut:
        raise TooSlow
    return _with_fresh_connections(work)


def _do(work: Callable[[], None], wait: "_Wait", until: float) -> None:
    _answers.wait_for_none(until)
    try:
        _with_fresh_connections(work)
    except Exception:
        log.exception("work after an answer failed")
    finally:
        wait.is_over = True


def _with_fresh_connections(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


@dataclass
class _Answers:
    """Counts the answers that this process is making. Work after an answer waits for them, for YIELD at most.

    A late answer is an error for the person, while a form may open some milliseconds later. Measured over Socket Mode, with 16 people
    who act at once: 99 % have their answers after 10 ms, instead of 23 ms without this.
    """

    _count: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, number: int) -> None:
        with self._changed:
            self._count += number
            if not self._count:
                self._changed.notify_all()

    def wait_for_none(self, until: float) -> None:
        """Waits until no answer is being made, at most until that moment (monotonic)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count, until - time.monotonic())


@dataclass
class SlackAnswer:
    """An answer that is being made, and the work that starts after it."""

    _waiting: list[Callable[[], object]] = field(default_factory=list)
    _is_done: bool = False

    def __post_init__(self) -> None:
        _answers.add(1)

    def then(self, begin: Callable[[], object]) -> None:
        self._waiting.append(begin)

    def done(self) -> None:
        """Call this when the answer has been sent, or never will be. Starts the work after it. A second call does nothing."""
        if not self._is_done:
            self._is_done = True
            _answers.add(-1)
        while self._waiting:
            self._waiting.pop(0)()


@contextmanager
def making_answer() -> Iterator[SlackAnswer]:
    """Use this around the code that makes an answer. The caller then sends the answer and calls `done`."""
    answer = SlackAnswer()
    before = _current.set(answer)
    try:
        yield answer
    except BaseException:
        answer.done()
        raise
    finally:
        _current.reset(before)


@dataclass
class _Wait:
    """Work that may become late, until `is_over` is set."""

    tell: Callable[[], object]
    until: float  # monotonic: when it becomes late
    is_over: bool = False


@dataclass
class _Late:
    """One thread of the process finds late work. With timers, each piece of work would need its own thread.

    Threads of a small pool call `tell`, because Slack may take seconds to answer each.
    """

    _waits: deque[_Wait] = field(default_factory=deque)  # sorted by `until`, as all have the same limit
    _thread: threading.Thread | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(TELLING, thread_name_prefix="tell-late")
    )

    def watch(self, tell: Callable[[], object]) -> _Wait:
        wait = _Wait(tell, time.monotonic() + LATE)
        self._waits.append(wait)
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="late", daemon=True)
                thread.start()  # if it can't be started now, the next call tries that again
                self._thread = thread
        return wait

    def _run(self) -> None:
        while True:
            time.sleep(CHECK_LATE)
            while self._waits and (self._waits[0].is_over or self._waits[0].until <= time.monotonic()):
                wait = self._waits.popleft()
                try:
                    if not wait.is_over:
                        self._pool.submit(_tell, wait)
                except RuntimeError:  # no thread can be started, but the pool keeps the work for its other threads
                    log.exception("a person who waits may not be told that it takes longer")


def _tell(wait: _Wait) -> None:
    if wait.is_over:  # the work has ended while this call waited for a thread
        return
    try:
        wait.tell()
    except Exception:
        log.exception("a person who waits could not be told that it takes longer")


_answers, _late = _Answers(), _Late()
_current: ContextVar[SlackAnswer | None] = ContextVar("_current", default=None)
