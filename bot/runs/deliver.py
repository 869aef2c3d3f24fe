"""Sends the notices that are owed, in order per run, at Slack's pace, and settles what went wrong.

Threads of a pool talk to Slack and nothing else; whoever calls `step` reads and writes the database. What comes back
from Slack while something is being stored is then stored together.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeAlias

from django.db import InterfaceError, InternalError, OperationalError, close_old_connections
from django.utils import timezone

from bot.core.model import MessageTs, NoticeKind, Report
from bot.core.ports import ChannelClosed, Hopeless, Messenger, NotDelivered, RateLimited, TokenRefused
from bot.models import Notice
from bot.runs import outbox
from bot.runs.outbox import Sent
from bot.runs.pace import Pacer
from bot.runs.report import report

log = logging.getLogger(__name__)

WORKERS = 8
AHEAD = 6 * WORKERS  # notices claimed at once, so that a claim's queries, 2 ms and more, are shared by many
FIRST_RETRY, LAST_RETRY = 1.0, 60.0  # seconds; doubling between them
TOKEN_PAUSE = 30.0  # seconds between tries while Slack refuses our token
OURS = "internal error, see the log"
AWAY = (OperationalError, InterfaceError, InternalError)  # the last: PostgreSQL is read-only, as in a switchover


@dataclass(frozen=True)
class _Errand:
    """A notice and all that a thread needs to send it."""

    notice: Notice
    report: Report
    root: MessageTs  # of the message that an edit changes
    is_new: bool  # no earlier try can have left its message in Slack


_Settling: TypeAlias = Sent | partial[None]  # to be stored together with others of its kind, or by a call of its own


@dataclass
class Deliverer:
    """One per process; any number of processes. `step` and `drain` are for one thread."""

    messenger: Messenger
    base_url: str = ""
    pacer: Pacer = field(default_factory=Pacer)
    clock: Callable[[], datetime] = timezone.now
    wake: Callable[[], None] = lambda: None  # something came back: to be stored, and what waited for it may go now
    _paused_until: float = 0.0  # monotonic
    _begins_until: float = math.inf  # monotonic
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, thread_name_prefix="deliver"))
    _out: int = 0  # errands that have not been received back
    _back: SimpleQueue[_Settling] = field(default_factory=SimpleQueue)
    _unsettled: list[_Settling] = field(default_factory=list)

    def step(self) -> bool:
        """Store what came back, start what is due, as far as threads are free; False if there was nothing to start."""
        self._receive(0)
        self._settle()
        if self._out > WORKERS or time.monotonic() < self._paused_until:
            if not self._out:
                return False  # also while something can't be stored: the next try needn't be at once
            self._receive(0.2)
            return True
        claimed = outbox.claim(AHEAD - self._out, self.clock(), avoiding=self.pacer.closed())
        roots = outbox.roots(claimed)
        for notice in claimed:
            # An edit counts elsewhere: chat.update has a limit of its own, which outbox.EDIT_PACE keeps.
            if notice.kind != NoticeKind.PROGRESS and (pause := self.pacer.wait(notice.run.channel)):
                outbox.later(notice, due_at=self._in(pause), failed=False)
            else:
                self._prepare(notice, roots)
        return bool(claimed)

    def drain(self, timeout: float) -> None:
        """Wait for what is to be sent, and store it. What no thread has begun after half of the time is given back."""
        close_old_connections()
        end = time.monotonic() + timeout
        self._begins_until = end - timeout / 2
        self._receive(0)
        self._settle()
        while (self._out or self._unsettled) and (left := end - time.monotonic()) > 0:
            self._receive(min(left, 0.5))
            self._settle()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _receive(self, timeout: float) -> None:
        """All that came back, having waited at most `timeout` seconds for the first of it."""
        with suppress(Empty):
            while True:
                self._unsettled.append(self._back.get(timeout=timeout))
                self._out -= 1
                timeout = 0

    def _settle(self) -> None:
        came, self._unsettled = self._unsettled, []
        self._store([one for one in came if isinstance(one, Sent)])
        for one in came:
            if not isinstance(one, Sent):
                self._store([one])

    def _store(self, these: Sequence[_Settling]) -> None:
        """A database that is away may take them at the next step; one that refuses a value won't."""
        try:
            outbox.sent([one for one in these if isinstance(one, Sent)])
            for one in these:
                if not isinstance(one, Sent):
                    one()
        except AWAY:
            log.exception("what became of %s messages can't be stored now", len(these))
            self._unsettled += these
        except Exception:
            if len(these) > 1:  # the one that is refused must not hold up the others
                for one in these:
                    self._store([one])
            else:
                log.exception("what became of a message can't be stored: when its claim is over, it is tried again")

    def _prepare(self, notice: Notice, roots: dict[int, Notice]) -> None:
        try:
            root = roots[notice.run_id] if notice.kind == NoticeKind.PROGRESS else None
            about = report(notice, base_url=self.base_url, channel=root.channel if root else "")
        except Exception:  # a defect of ours, which must not hold up the others
            log.exception("%s", notice)
            outbox.later(notice, due_at=self._backoff(notice), problem=OURS)
            return
        self._start(_Errand(notice, about, MessageTs(root.ts if root else ""), is_new=notice.tried_at is None))

    def _start(self, errand: _Errand) -> None:
        self._out += 1
        self._pool.submit(self._run, errand)

    def _run(self, errand: _Errand) -> None:
        """In a thread of the pool, as all that follows."""
        notice = errand.notice
        try:
            came = self._try(errand) if time.monotonic() < self._begins_until else self._given_back(notice)
        except Exception:  # a defect of ours
            log.exception("%s", notice)
            came = partial(outbox.later, notice, due_at=self._backoff(notice), problem=OURS, maybe_posted=True)
        self._back.put(came)
        self.wake()

    def _given_back(self, notice: Notice) -> _Settling:
        return partial(outbox.later, notice, due_at=self.clock(), failed=False)

    def _try(self, errand: _Errand) -> _Settling:
        notice = errand.notice
        later = partial(outbox.later, notice)
        try:
            return self._edit(errand) if notice.kind == NoticeKind.PROGRESS else self._post(errand)
        except RateLimited as exc:
            log.info("%s: Slack wants a pause of %s s", notice, exc.retry_after)
            if notice.kind != NoticeKind.PROGRESS:  # that limit isn't the channel's
                self.pacer.pause(notice.run.channel, exc.retry_after)
            return partial(later, due_at=self._in(exc.retry_after), problem=str(exc), failed=False)
        except ChannelClosed as exc:
            return self._redirect(errand, str(exc))
        except TokenRefused as exc:
            log.error("Slack refuses the bot's token (%s): nothing can be delivered until that is mended", exc)  # noqa: TRY400
            self._paused_until = time.monotonic() + TOKEN_PAUSE
            return partial(later, due_at=self._in(TOKEN_PAUSE), problem=str(exc))
        except Hopeless as exc:
            log.error("%s is given up: %s", notice, exc)  # noqa: TRY400
            return partial(outbox.park, notice, str(exc))
        except NotDelivered as exc:
            log.warning("%s: %s", notice, exc)
            return partial(later, due_at=self._backoff(notice), problem=str(exc), maybe_posted=exc.maybe_posted)

    def _post(self, errand: _Errand) -> _Settling:
        notice = errand.notice
        if not outbox.is_fresh(notice, self.clock()):
            return partial(self._renew, errand)
        if errand.is_new or notice.tried_at is None:
            ts = self.messenger.post(errand.report)
        elif (found := self.messenger.find(errand.report, since=notice.tried_at)) is not None:
            ts = found
        else:
            return self._post(replace(errand, is_new=True))  # it has been looked for
        return Sent(notice, channel=errand.report.channel, ts=ts, at=self.clock())

    def _renew(self, errand: _Errand) -> None:
        """It had to wait for a thread or a search, or we were frozen for so long that somebody else may have it."""
        if outbox.hold(errand.notice, self.clock()):
            self._start(errand)
        else:
            log.warning("%s: this deliverer was away for longer than its claim", errand.notice)

    def _edit(self, errand: _Errand) -> _Settling:
        """A root that can't be edited any more is let be: its replies say the same."""
        try:
            self.messenger.edit(errand.report, errand.root)
        except ChannelClosed as exc:
            raise Hopeless(str(exc)) from exc
        return Sent(errand.notice, channel=errand.report.channel, ts=errand.root, at=self.clock())

    def _redirect(self, errand: _Errand, because: str) -> _Settling:
        notice, run = errand.notice, errand.notice.run
        if run.redirected_from:
            return partial(outbox.park, notice, f"direct message: {because}")
        if not run.slack_user:
            reason = f"channel: {because}; the requester has no Slack account for a direct message"
            return partial(outbox.park, notice, reason)
        try:
            channel = self.messenger.open_direct_message(errand.report)
        except (ChannelClosed, Hopeless) as exc:
            return partial(outbox.park, notice, f"channel: {because}; direct message: {exc}")
        except NotDelivered as exc:
            return partial(outbox.later, notice, due_at=self._backoff(notice), problem=str(exc))
        log.info("run %s goes to a direct message: %s", notice.run_id, because)
        return partial(outbox.redirect, notice, channel=channel, because=because, now=self.clock())

    def _backoff(self, notice: Notice) -> datetime:
        return self._in(min(LAST_RETRY, FIRST_RETRY * 2 ** min(notice.attempts, 10)))

    def _in(self, seconds: float) -> datetime:
        return self.clock() + timedelta(seconds=seconds)
