"""Who waits for too long is told, by a clock that costs what is in time next to nothing: no timer, no thread of its own."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds: so long lives a trigger (docs.slack.dev: interactivity/handling-user-interaction)
LOOK = 0.5  # seconds between two looks


@dataclass
class Wait:
    """One that goes on until `is_over` is set."""

    tell: Callable[[], object]
    until: float  # monotonic
    is_over: bool = False


@dataclass
class Patience:
    """Looks every LOOK seconds at who has waited for PATIENCE, from the first wait on until the process ends."""

    _waits: deque[Wait] = field(default_factory=deque)  # all are equally patient: the first is due first
    _clock: threading.Thread | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, tell: Callable[[], object]) -> Wait:
        """`tell` is called in the clock's thread, once, unless it is over by then."""
        wait = Wait(tell, time.monotonic() + PATIENCE)
        self._waits.append(wait)
        if self._clock is None:
            with self._starting:
                if self._clock is None:
                    self._clock = threading.Thread(target=self._run, name="patience", daemon=True)
                    self._clock.start()
        return wait

    def _run(self) -> None:
        while True:
            time.sleep(LOOK)
            while self._waits and (self._waits[0].is_over or self._waits[0].until <= time.monotonic()):
                wait = self._waits.popleft()
                try:
                    if not wait.is_over:
                        wait.tell()
                except Exception:
                    log.exception("somebody who waits could not be told")
