"""The Home tab: it is published when somebody opens it, and its buttons do what those in messages do."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack

from bot.core.model import Actor, ChannelId, RunId, ScheduleId
from bot.runs import again, see
from bot.slack import modals, payloads, texts
from bot.slack.client import UNREACHABLE, error_code
from bot.slack.listeners.common import Parts, filled, stopped, view_of
from bot.slack.listeners.opening import Opening
from bot.slack.metadata import Metadata
from bot.slack.payloads import Payload

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Home:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def opened(self, ack: Ack, body: Payload) -> None:
        ack()
        account = payloads.home_opened(body)
        if account is not None:
            self.parts.threads.after_answer(lambda: self.parts.homes.show(account), late=_nobody_waits)

    def run(self, ack: Ack, body: Payload) -> None:
        self._open(ack, body, self._empty)

    def run_favourite(self, ack: Ack, body: Payload) -> None:
        self._open(ack, body, self._of_schedule)

    def run_again(self, ack: Ack, body: Payload) -> None:
        self._open(ack, body, self._of_run)

    def stop(self, ack: Ack, body: Payload) -> None:
        ack()
        press = payloads.home_press(body)
        late = partial(self.parts.homes.show, press.account, texts.HOME_LATE)
        self.parts.threads.after_answer(lambda: self._stop(press), late=late)

    def _stop(self, press: payloads.HomePress) -> None:
        problem = stopped(self.parts, press.account, RunId(press.value))
        if problem:
            self._tell(press, problem)
        self.parts.homes.show(press.account)

    def _open(
        self, ack: Ack, body: Payload, view: Callable[[payloads.HomePress, Metadata, Actor], dict[str, Any]]
    ) -> None:
        ack()
        press = payloads.home_press(body)
        Opening(
            parts=self.parts,
            asked=press,
            view=lambda actor: view(press, self._metadata(press), actor),
            too_late=texts.HOME_TOO_LATE,
            tell=partial(self._tell, press),
        ).begin()

    def _metadata(self, press: payloads.HomePress) -> Metadata:
        return Metadata.sealed(self.parts.keys, press.account, ChannelId(press.account.user))

    def _empty(self, _press: payloads.HomePress, metadata: Metadata, actor: Actor) -> dict[str, Any]:
        return (
            modals.empty(metadata) if see.has_schedules(self.parts.platform, actor) else modals.no_schedules(metadata)
        )

    def _of_schedule(self, press: payloads.HomePress, metadata: Metadata, actor: Actor) -> dict[str, Any]:
        return view_of(self.parts, actor, ScheduleId(press.value), metadata)

    def _of_run(self, press: payloads.HomePress, metadata: Metadata, actor: Actor) -> dict[str, Any]:
        return filled(self.parts, actor, metadata, *again.preview(self.parts.platform, actor, RunId(press.value)))

    def _tell(self, press: payloads.HomePress, text: str) -> None:
        """In a small window. If the trigger is used up or too old, on Home itself."""
        try:
            self.parts.client.views_open(trigger_id=press.trigger, view=modals.said(text))
        except UNREACHABLE as exc:
            log.info("views.open: %s; Home says it", error_code(exc))
            self.parts.homes.show(press.account, text)


def _nobody_waits() -> None:
    """Slack shows the Home tab as it was published last, until there is a newer one."""
