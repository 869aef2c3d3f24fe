"""The buttons under the first message of a run."""

from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack

from bot.core.model import Actor, ChannelId
from bot.runs import again
from bot.slack import payloads, texts
from bot.slack.listeners.common import Parts, filled
from bot.slack.listeners.opening import Opening
from bot.slack.metadata import Metadata
from bot.slack.payloads import Payload


@dataclass(frozen=True)
class Root:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def run_again(self, ack: Ack, body: Payload) -> None:
        ack()
        press = payloads.press(body)
        Opening(
            parts=self.parts,
            account=press.account,
            trigger=press.trigger,
            response_url=press.response_url,
            view=lambda actor: self._view(press, actor),
            too_late=texts.TOO_LATE_TO_RUN_AGAIN,
        ).begin()

    def _view(self, press: payloads.Press, actor: Actor) -> dict[str, Any]:
        metadata = Metadata.sealed(self.parts.keys, press.account, ChannelId(press.channel))
        return filled(self.parts, actor, metadata, *again.preview(self.parts.platform, actor, press.run))
