"""The buttons under the first message of a run."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack

from bot.core.model import Actor, ChannelId
from bot.runs import again, stop
from bot.runs.refusals import CantStop, Ended, NotAllowed
from bot.slack import payloads, texts
from bot.slack.blocks import entities
from bot.slack.listeners.common import Parts, filled
from bot.slack.listeners.opening import Opening, reply
from bot.slack.metadata import Metadata
from bot.slack.payloads import Payload
from bot.texts import sentence

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Root:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def run_again(self, ack: Ack, body: Payload) -> None:
        ack()
        press = payloads.press(body)
        Opening(
            parts=self.parts,
            asked=press,
            view=lambda actor: self._view(press, actor),
            too_late=texts.TOO_LATE_TO_RUN_AGAIN,
        ).begin()

    def stop(self, ack: Ack, body: Payload) -> None:
        """If it works, the root says so. Otherwise the person reads why not."""
        ack()
        press = payloads.press(body)
        late = partial(reply, press.response_url, texts.STOP_LATE)
        self.parts.threads.after_answer(lambda: self._stop(press), late=late)

    def _stop(self, press: payloads.Press) -> None:
        try:
            found = stop.stop(self.parts.platform, self.parts.identity.actor(press.account), press.run)
        except NotAllowed as exc:
            problem = entities(sentence(exc.denied))
        except (Ended, CantStop) as exc:
            problem = sentence(exc.reason)
        except Exception:
            log.exception("run %s could not be stopped", press.run)
            problem = texts.SORRY
        else:
            problem = "" if found is not None else texts.NO_SUCH_RUN
        if problem:
            reply(press.response_url, problem)

    def _view(self, press: payloads.Press, actor: Actor) -> dict[str, Any]:
        metadata = Metadata.sealed(self.parts.keys, press.account, ChannelId(press.channel))
        return filled(
            self.parts, actor, metadata, *again.preview(self.parts.platform, actor, press.run, metadata.channel)
        )
