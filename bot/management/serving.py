"""What long-running commands share: loops that start and stop with the process, and signals that end it in order."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.core.management.base import CommandError

from bot import wiring
from bot.conf import BAD_SETUP, NEEDED_FOR, conf
from bot.env import BadEnvironment

STOP = 10.0  # seconds for a loop's last pass and for messages on their way


def require(command: str) -> None:
    """Raises CommandError if an option of this command is missing or can't be read; all of them together."""
    try:
        problems = conf().missing(*NEEDED_FOR[command])
    except BadEnvironment as exc:
        problems = exc.problems
    if problems:
        raise CommandError(str(BadEnvironment(problems)), returncode=BAD_SETUP)


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set. Only for the main thread."""
    event = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        event.set()

    before = {which: signal.signal(which, stop) for which in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield event
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


@contextmanager
def delivering(*, enabled: bool) -> Iterator[None]:
    """Watch and deliver while the block runs; then finish what was begun."""
    if not enabled:
        yield
        return
    loops, deliverer = wiring.background()
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.stop(STOP)
        deliverer.drain(STOP)
