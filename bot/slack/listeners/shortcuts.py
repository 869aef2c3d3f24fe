"""The shortcuts: one in Slack's menu, and one on every message. Both open the form."""

import logging
from dataclasses import dataclass
from functools import partial

from slack_bolt import Ack

from bot.slack import presses, texts
from bot.slack.client import UNREACHABLE, error_code
from bot.slack.listeners.common import Parts, unpicked
from bot.slack.listeners.opening import Opening
from bot.slack.metadata import Metadata
from bot.slack.parsing import Payload

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shortcuts:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload.

    A shortcut that comes twice does no harm: Slack opens at most one form for it, and a form starts at most one run.
    """

    parts: Parts

    def run(self, ack: Ack, body: Payload) -> None:
        """Opens a form that also asks where the run's messages go."""
        ack()
        self._open(presses.global_shortcut(body))

    def run_here(self, ack: Ack, body: Payload) -> None:
        """Opens a form for a run whose messages will be replies to this message."""
        ack()
        self._open(presses.message_shortcut(body))

    def _open(self, shortcut: presses.Shortcut) -> None:
        metadata = Metadata.sealed(self.parts.platform.form_keys, shortcut.account, shortcut.place)
        Opening(
            parts=self.parts,
            asked=shortcut,
            view=lambda admitted: unpicked(admitted, metadata),
            too_late=texts.TOO_LATE_SHORTCUT,
            elsewhere=partial(self._write, shortcut),
        ).begin()

    def _write(self, shortcut: presses.Shortcut, text: str) -> None:
        """Writes a direct message: with a shortcut in the menu, Slack sends no response_url."""
        try:
            self.parts.client.chat_postMessage(channel=shortcut.account.user, text=text)
        except UNREACHABLE as exc:
            log.warning(
                "no message could be sent to %s, whose form did not open: %s", shortcut.account.user, error_code(exc)
            )
