"""Delivers payloads to an app, with Slack's deadline and Slack's retries of events."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from localslack.config import Switches
from localslack.faults import Faults
from localslack.ids import Bot
from localslack.log import Log

Json = dict[str, Any]
AckError = Literal["operation_timeout", "dispatch_failed"]
# The kinds whose ack may carry a payload over a socket. Recorded block_actions have `accepts_response_payload: false`.
ANSWERABLE = frozenset({"slash_commands", "view_submission", "block_suggestion"})
_RETRY_REASON: dict[AckError | None, str] = {"operation_timeout": "http_timeout", "dispatch_failed": "http_error"}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One payload on its way. `kind` is its `type`; for a command, which has no type, `slash_commands`."""

    kind: str
    payload: Json
    retry: int = 0
    retry_reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Ack:
    """The app's answer.

    `error` is set if the app couldn't be reached, or gave no answer with status 200 in time. `body` is the answer's
    parsed JSON. `text` is any other body.
    """

    error: AckError | None = None
    status: int | None = None
    body: Any = None
    text: str = ""
    no_retry: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is no body at all."""
        return self.body is None and not self.text

    def shown(self) -> Any:
        """The answer as the log and the control API show it."""
        return self.error or (self.text if self.body is None else self.body)


class Port(Protocol):
    """A way to an app."""

    async def send(self, delivery: Delivery, deadline: float) -> Ack: ...


class Addressee(Protocol):
    """An installed app: who it is, and the way to it in its present mode."""

    @property
    def bot(self) -> Bot: ...

    @property
    def port(self) -> Port: ...


class Courier:
    """Delivers to apps and logs both directions."""

    def __init__(self, switches: Switches, faults: Faults, log: Log) -> None:
        self._switches = switches
        self._faults = faults
        self._log = log
        self._background: set[asyncio.Task[Any]] = set()

    async def deliver(self, to: Addressee, kind: str, payload: Json, *, user: str | None = None) -> Ack:
        """Deliver without retries, and wait for the ack. Faults that are planned for this kind happen here."""
        delivery = Delivery(kind=kind, payload=payload)
        if slow := self._faults.for_delivery("slow", kind, to.bot):
            await asyncio.sleep(slow.delay)
        if self._faults.for_delivery("duplicate", kind, to.bot):
            self._in_background(self._send(to, delivery, user))
        ack = await self._send(to, delivery, user)
        if ack.error is None and self._faults.for_delivery("late_ack", kind, to.bot):
            return Ack(error="operation_timeout")
        return ack

    def send_event(self, to: Addressee, payload: Json) -> None:
        """Deliver an event in the background (docs.slack.dev: events-api).

        While the app doesn't acknowledge it, it is delivered again after each of `event_retry_delays`.
        """
        self._in_background(self._deliver_event(to, Delivery(kind="event_callback", payload=payload)))

    async def close(self) -> None:
        """Cancel all deliveries that aren't finished."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _deliver_event(self, to: Addressee, delivery: Delivery) -> None:
        ack = await self._send(to, delivery, None)
        if ack.error is None and self._faults.for_delivery("duplicate", delivery.kind, to.bot):
            ack = Ack(error="operation_timeout")  # as if the app's ack were lost on its way: Slack tries again
        for number, delay in enumerate(self._switches.event_retry_delays, start=1):
            if ack.error is None or ack.no_retry:
                return
            await asyncio.sleep(delay)
            reason = _RETRY_REASON[ack.error]
            ack = await self._send(to, replace(delivery, retry=number, retry_reason=reason), None)

    async def _send(self, to: Addressee, delivery: Delivery, user: str | None) -> Ack:
        started = time.monotonic()
        retry = delivery.retry or None
        self._log.add("delivery", delivery.kind, bot=to.bot, user=user, request=delivery.payload, retry=retry)
        ack = await to.port.send(delivery, self._switches.deadline)
        spent = round((time.monotonic() - started) * 1000)
        self._log.add("ack", delivery.kind, bot=to.bot, user=user, response=ack.shown(), status=ack.status, ms=spent)
        return ack

    def _in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
