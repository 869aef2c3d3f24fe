"""The background loops of a process, such as the watcher and the deliverer, each in its own thread."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import close_old_connections, connections
from django.db.models import Q
from django.urls import get_script_prefix, set_script_prefix

from bot.core.model import InstallationId
from bot.core.ports import Outcomes, SourceSilent
from bot.core.status import AWAITED
from bot.models import Notice, NoticeState, Run
from bot.runs import cleanup, clock, finish, homes, sources
from bot.runs.deliver import Deliverer

log = logging.getLogger(__name__)

BUSY, IDLE = 0.2, 1.0  # seconds between two steps: while results or messages are awaited, and otherwise
AFTER_ERROR = 2.0  # seconds between a step that failed and the next one
RARELY = 10.0  # seconds between two steps of a watcher whose source gets no new runs
NOTED = 10.0  # seconds, at most, between two times that a watcher saves that its source answers
HOUR = 3600.0  # seconds
KEPT = 60  # seconds for which a loop keeps a database connection, at least


def _keep_connections() -> None:
    """This thread keeps a database connection for KEPT seconds, even with Django's default CONN_MAX_AGE of 0.

    Otherwise each step would connect again: the loops of a process ten times a second, while runs are open. Where Django has a
    pool, closing is cheap, and Django refuses any other CONN_MAX_AGE than 0.
    """
    for connection in connections.all():
        age, has_pool = connection.settings_dict["CONN_MAX_AGE"], connection.settings_dict["OPTIONS"].get("pool")
        if age is not None and age < KEPT and not has_pool:
            connection.settings_dict = {**connection.settings_dict, "CONN_MAX_AGE": KEPT}


@dataclass
class Loop:
    """Calls `step` again and again. `step` returns the seconds until the next call; `wake` shortens them. Errors are logged."""

    name: str
    step: Callable[[], float]
    _stopping: threading.Event = field(default_factory=threading.Event)
    _woken: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _failure: str = ""  # the error of the last step

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, args=(get_script_prefix(),), name=self.name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def end(self) -> None:
        """Makes the loop end after its current step. Doesn't wait for that; `stop` does."""
        self._stopping.set()
        self._woken.set()

    def stop(self, timeout: float) -> None:
        self.end()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, script_prefix: str) -> None:
        # Addresses in messages begin with FORCE_SCRIPT_NAME, which Django keeps per thread.
        set_script_prefix(script_prefix)
        _keep_connections()
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                close_old_connections()
                pause = self.step()
            except Exception as exc:  # noqa: BLE001  # the database may be unreachable, and may be back at the next step
                self._note(exc)
                pause = AFTER_ERROR
            else:
                self._note(None)
            self._woken.wait(pause)
        connections.close_all()

    def _note(self, error: Exception | None) -> None:
        """Logs an error of a step with its traceback, but only once if the next steps fail in the same way."""
        failure = "" if error is None else f"{type(error).__name__}: {error}"
        if error is not None and failure != self._failure:
            log.error("%s: this step failed", self.name, exc_info=error)
        if self._failure and error is None:
            log.info("%s: works again", self.name)
        self._failure = failure


@dataclass
class Bell:
    """Wakes loops of this process because there is something to do. Without loops it does nothing."""

    _loops: list[Loop] = field(default_factory=list)

    def wakes(self, loop: Loop) -> None:
        self._loops.append(loop)

    def ring(self) -> None:
        for loop in self._loops:
            loop.wake()


@dataclass
class Watcher:
    """Follows the runs of one source to their end."""

    outcomes: Outcomes
    deadline: float  # seconds
    wake: Callable[[], None]  # called when a notice may be owed
    secret_keys: tuple[str, ...]
    settles: Q = finish.ANY  # runs that it marks as overdue or ends as unseen, even if no watcher reads their source
    idle: float = IDLE  # seconds between two steps while no result is awaited
    _noted: float = float("-inf")  # monotonic: when it last saved that its source answers
    _is_silent: bool = False

    def step(self) -> float:
        now = clock.now()
        try:
            found = self.outcomes.changed()
            changed = finish.record(found, now=now, deadline=self.deadline, secret_keys=self.secret_keys)
            changed += self._answered(now)
        except SourceSilent as exc:
            if not self._is_silent:
                sources.silent(self.outcomes, exc.reason)
            self._is_silent = True
            # Runs of this source don't become overdue now: their results may be there, but can't be read.
            if finish.mark_overdue(now=now, of=self.settles & ~Q(source=self.outcomes.source)):
                self.wake()
            return AFTER_ERROR
        is_expecting = self._expects()
        if is_expecting and (late := finish.mark_overdue(now=now, of=self.settles)):
            changed, is_expecting = changed + late, self._expects()
        if changed:
            self.wake()
        return BUSY if is_expecting else self.idle

    def _expects(self) -> bool:
        """Whether any of these runs awaits a result."""
        return Run.objects.filter(self.settles, state__in=AWAITED).exists()

    def _answered(self, now: datetime) -> int:
        """Every few seconds, saves that the source answers, and ends runs as unseen. Returns how many runs it ended."""
        pause = NOTED if self.outcomes.life is None else min(NOTED, self.outcomes.life / 4)
        if not self._is_silent and time.monotonic() - self._noted <= pause:
            return 0
        ended = sources.answered(self.outcomes, now=now) + finish.give_up(now=now, of=self.settles)
        self._noted, self._is_silent = time.monotonic(), False
        return ended


def delivery_step(deliverer: Deliverer) -> float:
    """Delivers due notices. Returns the seconds until the next step: 0 while more are due."""
    clock.now()  # asks the database if its last answer is too old: the deliverer's threads must not ask
    if deliverer.step():
        return 0.0
    pending = Notice.objects.filter(
        installation=deliverer.gate.installation, state__in=[NoticeState.OWED, NoticeState.CLAIMED]
    )
    return BUSY if pending.exists() else IDLE


def cleanup_step(keep: cleanup.Keep, installation: InstallationId) -> float:
    """Deletes one batch of old rows. Returns the seconds until the next step: few after a full batch, otherwise an hour."""
    if not installation:
        return RARELY  # Slack hasn't accepted our token yet
    now, forgotten = clock.now(), 0
    cleanup.forget_old_counts(now=now)
    homes.forget_old(now=now)
    cleanup.forget_old_drafts(now=now)
    try:
        forgotten = cleanup.forget_old_records(installation, keep=keep.records, now=now)
        if keep.values < keep.runs:
            forgotten = max(forgotten, cleanup.forget_old_values(installation, keep=keep.values, now=now))
        forgotten = max(forgotten, cleanup.forget_old_runs(installation, keep=keep.runs, now=now))
        cleanup.forget_gone_users()
    except cleanup.Unusual as exc:
        # The clock may be wrong, so what comes after that waits, too. This is said once an hour, even if there are more old rows.
        log.error("nothing is cleaned up: that would delete most %s. `runtask cleanup` says more", exc)  # noqa: TRY400
        return HOUR
    return BUSY if forgotten == cleanup.BATCH else HOUR
