"""Events that say that our app was removed from the workspace, or that its token was revoked."""

import logging
from dataclasses import dataclass

from slack_bolt import Ack

from bot.core.model import InstallationId
from bot.runs import clock
from bot.runs.gate import Gate
from bot.slack import events
from bot.slack.listeners.common import Parts
from bot.slack.notifier import SlackMessenger
from bot.slack.parsing import Payload

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Farewells:
    """Asks Slack whether our token is still good. The event alone is no reason to stop: it may be late, or forged.

    If Slack refuses the token, that is saved, so that the deliverers of all processes stop (bot.runs.gate).
    """

    parts: Parts

    def ask(self, ack: Ack, body: Payload) -> None:
        """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""
        ack()
        ended = events.farewell(body)
        if ended is not None:
            self.parts.threads.after_answer(lambda: self._ask(ended), late=lambda: None)  # nobody waits

    def _ask(self, ended: InstallationId) -> None:
        ours = self.parts.identity.installation.id()
        if ended != ours:
            log.info("an installation has ended that is not ours: %s", ended)
            return
        gate = Gate(SlackMessenger(self.parts.client, self.parts.audiences), clock.last, installation=ours)
        gate.ask()
        if not gate.is_open:
            gate.write()
            self.parts.platform.wake()
