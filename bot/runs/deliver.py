"""Delivers the notices that are owed: in order per run, at Slack's pace, and with retries.

Threads of a pool talk to Slack, and only to Slack. The thread that calls `step` reads and writes the database. Tries that end
while it writes are saved together afterwards.
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

from django.db import close_old_connections

from bot.core.model import ChannelId, MessageTs
from bot.core.ports import ChannelClosed, InstallationRefused, MessageRefused, Messenger, NotDelivered, RateLimited
from bot.core.reasons import Code, Reason
from bot.core.report import Report
from bot.models import Notice
from bot.runs import claims, clock, rulebook
from bot.runs.claims import Sent
from bot.runs.failures import DATABASE_AWAY
from bot.runs.gate import Gate
from bot.runs.report import Site, asks_nobody, report

log = logging.getLogger(__name__)

THREADS = 8
AHEAD = 6 * THREADS  # notices claimed at once, at most: they share the cost of the claim's queries (2 ms and more)
FIRST_RETRY, LAST_RETRY = 1.0, 60.0  # seconds before the first retry, and at most. The pause doubles each time.
LOOK = timedelta(seconds=1)  # between two looks for notices whose claim by another deliverer has expired
TRIES = 5  # after so many tries, a message that Slack takes neither with blocks nor as one line is parked
OURS = Reason(code=Code.INTERNAL_ERROR)


@dataclass(frozen=True)
class _Errand:
    """A notice, and everything that a thread needs to send it."""

    notice: Notice
    report: Report
    root: MessageTs  # the message that an edit changes
    is_new: bool  # whether certainly no earlier try has left a message in Slack
    simply: bool = False  # whether to send it as one line of text, because Slack doesn't take our blocks


# The result of a try: a `Sent` (saved in one batch), or a function that saves any other result.
_Settling: TypeAlias = Sent | partial[None]


@dataclass
class Deliverer:
    """One per process; there may be any number of processes. One thread calls `step` and `drain`."""

    messenger: Messenger
    site: Site = field(default_factory=Site)
    clock: Callable[[], datetime] = clock.last
    wake: Callable[[], None] = lambda: None  # called when a try has ended: other notices may have waited for it
    gate: Gate = field(init=False)
    _looked: datetime | None = None  # when expired claims of other deliverers were last looked for
    _start_until: float = math.inf  # monotonic: no errand starts after this time
    _edits_from: datetime | None = None  # Slack takes no edits before this time
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="deliver"))
    _out: int = 0  # errands whose end has not been received
    _back: SimpleQueue[_Settling] = field(default_factory=SimpleQueue)
    _unsettled: list[_Settling] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate(self.messenger, self.clock)

    def step(self) -> bool:
        """Saves tries that have ended, and starts those that are due, as far as threads are free.

        True if the next step should follow immediately.
        """
        self._receive(0)
        self._settle()
        self._note()
        if self.gate.is_due():
            self._pool.submit(self._ask)
        limit = (AHEAD if self.gate.is_trusted else 1) - self._out
        if self._out > THREADS or limit <= 0 or not self.gate.is_open:
            if not self._out:
                return False  # nothing can be sent now, so the next step needn't follow at once
            self._receive(0.2)
            return True
        now = self.clock()
        deserted = self._looked is None or now - self._looked >= LOOK
        self._looked = now if deserted else self._looked
        claimed = claims.claim(self.gate.installation, limit, now, deserted=deserted)
        roots = claims.roots(claimed.notices)
        for notice in claimed.notices:
            self._prepare(notice, roots)
        return bool(claimed.notices) or claimed.is_more

    def _note(self) -> None:
        try:
            self.gate.write()
            self.gate.listen()
        except DATABASE_AWAY:
            log.exception("what Slack says of our token can't be saved now")

    def _ask(self) -> None:
        """Runs in a thread of the pool."""
        try:
            self.gate.ask()
        except Exception:  # nobody reads this future
            log.exception("Slack could not be asked whether our token is good")
        finally:
            self.wake()

    def drain(self, timeout: float) -> None:
        """Waits for errands to end and saves them. After half of the time, errands that haven't started are given back."""
        close_old_connections()
        end = time.monotonic() + timeout
        self._start_until = end - timeout / 2
        self._receive(0)
        self._settle()
        while (self._out or self._unsettled) and (left := end - time.monotonic()) > 0:
            self._receive(min(left, 0.5))
            self._settle()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _receive(self, timeout: float) -> None:
        """Takes all tries that have ended. Waits at most `timeout` seconds for the first."""
        with suppress(Empty):
            while True:
                self._unsettled.append(self._back.get(timeout=timeout))
                self._out -= 1
                timeout = 0

    def _settle(self) -> None:
        ends, self._unsettled = self._unsettled, []
        self._store([end for end in ends if isinstance(end, Sent)])
        for end in (one for one in ends if not isinstance(one, Sent)):
            self._store([end])

    def _store(self, ends: Sequence[_Settling]) -> None:
        """Saves ends of tries. If the database can't be reached, keeps them for the next step. Drops one that it refuses."""
        try:
            claims.mark_sent([end for end in ends if isinstance(end, Sent)])
            for end in ends:
                if not isinstance(end, Sent):
                    end()
        except DATABASE_AWAY:
            log.exception("the state of %s messages can't be saved now", len(ends))
            self._unsettled += ends
        except Exception:
            if len(ends) > 1:  # one refused value must not block the others
                for end in ends:
                    self._store([end])
            else:
                log.exception("the state of a message can't be saved: it is tried again when its claim is over")

    def _prepare(self, notice: Notice, roots: dict[int, Notice]) -> None:
        try:
            root = roots[notice.pk] if notice.is_edit else None
            about = report(notice, self.site, channel=root.channel if root else "")
        except rulebook.Unreadable as exc:  # perhaps its only reader may not see the schedule
            log.warning("%s waits: %s", notice, exc)
            claims.retry(notice, self._backoff(notice), Reason(code=Code.RULE_UNREADABLE, params={"problem": str(exc)}))
        except Exception:  # a defect of ours must not block other notices
            log.exception("%s", notice)
            claims.retry(notice, self._backoff(notice), OURS)
        else:
            self._start(_Errand(notice, about, MessageTs(root.ts if root else ""), is_new=notice.tried_at is None))

    def _start(self, errand: _Errand) -> None:
        self._out += 1
        self._pool.submit(self._run, errand)

    def _run(self, errand: _Errand) -> None:
        """Runs in a thread of the pool, as do the methods below."""
        notice = errand.notice
        try:
            if time.monotonic() < self._start_until and self.gate.is_open:
                end = self._try(errand)
            else:  # gives the notice back: for another deliverer, or for later
                end = partial(claims.give_back, notice, self.clock())
        except Exception:  # a defect of ours
            log.exception("%s", notice)
            end = partial(claims.retry, notice, self._backoff(notice), OURS, maybe_posted=True)
        self._back.put(end)
        self.wake()

    def _try(self, errand: _Errand) -> _Settling:
        notice = errand.notice
        if notice.is_edit and self._edits_from and self.clock() < self._edits_from:
            return partial(claims.give_back, notice, self._edits_from)
        try:
            is_in_vain = asks_nobody(notice, errand.report.channel, self.messenger, simply=errand.simply)
            end = self._edit(errand) if notice.is_edit else self._post(errand)
            return replace(end, asks_nobody=is_in_vain) if isinstance(end, Sent) else end
        except ChannelClosed as exc:
            return self._redirect(errand, exc.error)
        except MessageRefused as exc:
            return self._simpler(errand, exc)
        except NotDelivered as exc:
            return self._later(notice, exc, maybe_posted=exc.maybe_posted)

    def _later(self, notice: Notice, exc: NotDelivered, *, maybe_posted: bool = False) -> _Settling:
        if isinstance(exc, InstallationRefused):  # gives the notice back at once: another deliverer's token may be good
            self.gate.shut(exc)
            return partial(claims.pause, notice, self.clock(), exc.reason)
        if isinstance(exc, RateLimited):
            return self._paused(notice, exc)
        log.warning("%s: %s", notice, exc)
        return partial(claims.retry, notice, self._backoff(notice), exc.reason, maybe_posted=maybe_posted)

    def _paused(self, notice: Notice, exc: RateLimited) -> _Settling:
        """Slack limits posts by channel, edits by workspace. So a pause delays the channel's posts, or all our other edits."""
        log.info("%s: Slack asks for a pause of %s s", notice, exc.retry_after)
        due_at, closes = self._in(exc.retry_after), not (notice.is_edit or exc.is_aside)
        if notice.is_edit and not exc.is_aside:
            self._edits_from = max(due_at, self._edits_from or due_at)
        return partial(claims.pause, notice, due_at, exc.reason, closes=closes)

    def _post(self, errand: _Errand) -> _Settling:
        notice = errand.notice
        if not claims.is_fresh(notice, self.clock()):
            return partial(self._renew, errand)
        if errand.report.channel == ChannelId(errand.report.reader):
            return self._to_direct_message(errand)
        if errand.is_new or notice.tried_at is None:
            ts = self.messenger.post(errand.report, simply=errand.simply)
        elif (found := self.messenger.find(errand.report, since=notice.tried_at)) is not None:
            ts = found
        else:
            return self._post(replace(errand, is_new=True))  # the earlier try has left no message
        self.gate.is_trusted = True
        return Sent(notice, channel=errand.report.channel, ts=ts, at=self.clock())

    def _renew(self, errand: _Errand) -> None:
        """Renews the claim of an errand that has waited for long. If another deliverer has claimed the notice, drops the errand."""
        if claims.renew(errand.notice, self.clock()):
            self._start(errand)
        else:
            log.warning("%s: this deliverer took longer than its claim lasts", errand.notice)

    def _edit(self, errand: _Errand) -> _Settling:
        """Edits the message. If the channel is closed, the edit is given up, not redirected: the replies say the same."""
        if not claims.is_fresh(errand.notice, self.clock()):
            return partial(self._renew, errand)
        try:
            self.messenger.edit(errand.report, errand.root)
        except ChannelClosed as exc:
            raise MessageRefused(exc.reason) from exc
        self.gate.is_trusted = True
        return Sent(errand.notice, channel=errand.report.channel, ts=errand.root, at=self.clock())

    def _redirect(self, errand: _Errand, because: str) -> _Settling:
        """Sends the run's messages to the requester directly, or parks the notice. `because`: Slack's code for the channel."""
        notice, run = errand.notice, errand.notice.run
        if run.redirected_from or notice.recipient:
            return self._parked(notice, Reason(code=Code.NO_DIRECT_MESSAGE, params={"direct": because}))
        if not run.slack_user:
            return self._parked(notice, Reason(code=Code.NO_CHANNEL_NO_ACCOUNT, params={"channel": because}))
        return self._to_direct_message(errand, because)

    def _to_direct_message(self, errand: _Errand, because: str = "") -> _Settling:
        """Opens the direct message with the recipient. `because` is empty if the messages should go there anyway."""
        notice = errand.notice
        try:
            channel = self.messenger.open_direct_message(errand.report)
        except (ChannelClosed, MessageRefused) as exc:
            code = Code.NO_CHANNEL_NO_DIRECT_MESSAGE if because else Code.NO_DIRECT_MESSAGE
            channel_too = {"channel": because} if because else {}
            return self._parked(notice, Reason(code=code, params={"direct": exc.error, **channel_too}))
        except NotDelivered as exc:
            return self._later(notice, exc)
        if channel == errand.report.channel:  # Slack refused this very direct message before
            return self._parked(notice, Reason(code=Code.NO_DIRECT_MESSAGE, params={"direct": because}))
        log.info("the messages of run %s go to a direct message: %s", notice.run_id, because or "as asked for")
        return partial(claims.redirect, notice, channel=channel, because=because, now=self.clock())

    def _simpler(self, errand: _Errand, exc: MessageRefused) -> _Settling:
        """Slack doesn't take the message. Tries one line of text instead. A refused edit is parked: replies say the same."""
        notice = errand.notice
        if not errand.simply and not notice.is_edit:
            log.error("%s goes out as one line of text: %s", notice, exc)
            return self._try(replace(errand, is_new=True, simply=True))
        if errand.simply and notice.attempts < TRIES - 1:  # Slack should take one line, so the refusal may be temporary
            return partial(claims.retry, notice, self._backoff(notice), exc.reason)
        log.error("%s is given up: %s", notice, exc)
        return self._parked(notice, exc.reason)

    def _parked(self, notice: Notice, why: Reason) -> _Settling:
        return partial(claims.park, notice, why, self.clock())

    def _backoff(self, notice: Notice) -> datetime:
        return self._in(min(LAST_RETRY, FIRST_RETRY * 2 ** min(notice.attempts, 10)))

    def _in(self, seconds: float) -> datetime:
        return self.clock() + timedelta(seconds=seconds)
