"""Sends the notices that are owed, in order per run, at Slack's pace, and settles what went wrong."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import close_old_connections
from django.utils import timezone

from bot.core.model import MessageTs, NoticeKind
from bot.core.ports import ChannelClosed, Hopeless, Messenger, NotDelivered, RateLimited, TokenRefused
from bot.models import Notice
from bot.runs import outbox
from bot.runs.pace import Pacer
from bot.runs.report import report

log = logging.getLogger(__name__)

WORKERS = 8
AHEAD = 3 * WORKERS  # notices claimed at once, so that a claim's queries are shared by many
FIRST_RETRY, LAST_RETRY = 1.0, 60.0  # seconds; doubling between them
TOKEN_PAUSE = 30.0  # seconds between tries while Slack refuses our token


class _ClaimLost(Exception):
    """The notice is not ours any more."""


@dataclass
class Deliverer:
    """One per process; any number of processes."""

    messenger: Messenger
    base_url: str = ""
    pacer: Pacer = field(default_factory=Pacer)
    clock: Callable[[], datetime] = timezone.now
    wake: Callable[[], None] = lambda: None  # a thread is free: what waited for its notice may go now
    _paused_until: float = 0.0  # monotonic
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WORKERS, thread_name_prefix="deliver"))
    _running: set["Future[None]"] = field(default_factory=set)

    def step(self) -> bool:
        """Start what is due, as far as threads are free; False if there was nothing to start."""
        self._running = {future for future in self._running if not future.done()}
        if len(self._running) > WORKERS or time.monotonic() < self._paused_until:
            wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
            return bool(self._running)
        claimed = outbox.claim(AHEAD - len(self._running), self.clock(), avoiding=self.pacer.closed())
        for notice in claimed:
            # An edit counts elsewhere: chat.update has a limit of its own, which outbox.EDIT_PACE keeps.
            if notice.kind != NoticeKind.PROGRESS and (pause := self.pacer.wait(notice.run.channel)):
                outbox.later(notice, due_at=self._in(pause), failed=False)
            else:
                future = self._pool.submit(self._deliver, notice)
                future.add_done_callback(lambda _: self.wake())
                self._running.add(future)
        return bool(claimed)

    def drain(self, timeout: float) -> None:
        """Wait for what is being sent; nothing new is started by this."""
        wait(self._running, timeout=timeout)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, notice: Notice) -> None:
        close_old_connections()
        try:
            self._try(notice)
        except Exception:  # a defect of ours or a lost database: the claim runs out, or the notice is tried later
            log.exception("%s", notice)
            outbox.later(notice, due_at=self._backoff(notice), problem="internal error, see the log", maybe_posted=True)
        finally:
            close_old_connections()

    def _try(self, notice: Notice) -> None:
        try:
            channel, ts = self._edit(notice) if notice.kind == NoticeKind.PROGRESS else self._post(notice)
        except _ClaimLost:
            log.warning("%s: this deliverer was away for longer than its claim", notice)
        except RateLimited as exc:
            log.info("%s: Slack wants a pause of %s s", notice, exc.retry_after)
            self.pacer.pause(notice.run.channel, exc.retry_after)
            outbox.later(notice, due_at=self._in(exc.retry_after), problem=str(exc), failed=False)
        except ChannelClosed as exc:
            self._redirect(notice, str(exc))
        except TokenRefused as exc:
            log.error("Slack refuses the bot's token (%s): nothing can be delivered until that is mended", exc)  # noqa: TRY400
            self._paused_until = time.monotonic() + TOKEN_PAUSE
            outbox.later(notice, due_at=self._in(TOKEN_PAUSE), problem=str(exc))
        except Hopeless as exc:
            log.error("%s is given up: %s", notice, exc)  # noqa: TRY400
            outbox.park(notice, str(exc))
        except NotDelivered as exc:
            log.warning("%s: %s", notice, exc)
            outbox.later(notice, due_at=self._backoff(notice), problem=str(exc), maybe_posted=exc.maybe_posted)
        else:
            outbox.sent(notice, channel=channel, ts=ts, now=self.clock())

    def _post(self, notice: Notice) -> tuple[str, str]:
        message = report(notice, base_url=self.base_url)
        ts: MessageTs | None = None
        if notice.tried_at is not None:
            ts = self.messenger.find(message, since=notice.tried_at)
        if ts is None:
            if not outbox.hold(notice, self.clock()):  # we were frozen for so long that somebody else may have it
                raise _ClaimLost
            ts = self.messenger.post(message)
        return message.channel, ts

    def _edit(self, notice: Notice) -> tuple[str, str]:
        """The root as the run is now; a root that can't be edited any more is let be: its replies say the same."""
        root = Notice.objects.get(run=notice.run_id, kind=NoticeKind.ROOT)
        message = report(notice, base_url=self.base_url, channel=root.channel)
        try:
            self.messenger.edit(message, MessageTs(root.ts))
        except ChannelClosed as exc:
            raise Hopeless(str(exc)) from exc
        return root.channel, root.ts

    def _redirect(self, notice: Notice, because: str) -> None:
        if notice.run.redirected_from:
            outbox.park(notice, f"direct message: {because}")
            return
        if not notice.run.slack_user:
            outbox.park(notice, f"channel: {because}; the requester has no Slack account for a direct message")
            return
        try:
            channel = self.messenger.open_direct_message(report(notice, base_url=self.base_url))
        except (ChannelClosed, Hopeless) as exc:
            outbox.park(notice, f"channel: {because}; direct message: {exc}")
        except NotDelivered as exc:
            outbox.later(notice, due_at=self._backoff(notice), problem=str(exc))
        else:
            log.info("run %s goes to a direct message: %s", notice.run_id, because)
            outbox.redirect(notice, channel=channel, because=because, now=self.clock())

    def _backoff(self, notice: Notice) -> datetime:
        return self._in(min(LAST_RETRY, FIRST_RETRY * 2 ** min(notice.attempts, 10)))

    def _in(self, seconds: float) -> datetime:
        return self.clock() + timedelta(seconds=seconds)
