"""The buttons under the first message of a run."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack

from bot.core.rights import Action
from bot.runs import again
from bot.runs.denials import Wanted
from bot.runs.door import Admitted
from bot.slack import presses, texts
from bot.slack.listeners.common import Parts, filled, stop_or_say_why
from bot.slack.listeners.opening import Opening, reply
from bot.slack.metadata import Metadata
from bot.slack.parsing import Payload


@dataclass(frozen=True)
class Root:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def run_again(self, ack: Ack, body: Payload) -> None:
        ack()
        press = presses.press(body)
        Opening(
            parts=self.parts,
            asked=press,
            view=partial(self._view, press),
            wanted=Wanted(action=Action.RUN, run=press.run),
            too_late=texts.TOO_LATE_TO_RUN_AGAIN,
        ).begin()

    def stop(self, ack: Ack, body: Payload) -> None:
        ack()
        self._begin(presses.press(body), texts.STOP_LATE)

    def terminate(self, ack: Ack, body: Payload) -> None:
        """The root has this button once somebody has asked to stop the run. Slack asks for a confirmation, as for Stop."""
        ack()
        self._begin(presses.press(body), texts.TERMINATE_LATE, kill=True)

    def _begin(self, press: presses.Press, too_late: str, *, kill: bool = False) -> None:
        """If it works, the root says so. Otherwise the person reads why not."""
        late = partial(reply, press.response_url, too_late)
        self.parts.threads.after_answer(lambda: self._stop(press, kill=kill), late=late)

    def _stop(self, press: presses.Press, *, kill: bool) -> None:
        _, problem = stop_or_say_why(self.parts, press.account, press.run, kill=kill)
        if problem:
            reply(press.response_url, problem)

    def _view(self, press: presses.Press, admitted: Admitted) -> dict[str, Any]:
        metadata = Metadata.sealed(self.parts.platform.form_keys, press.account, press.place)
        return filled(self.parts, admitted, metadata, *again.preview(admitted, press.run, press.place.channel))
