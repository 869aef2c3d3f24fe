"""Favourites: the star in the form, and the menu on Home that removes one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt import Ack

from bot.core.model import ScheduleId, SlackAccount
from bot.runs import favourites
from bot.runs.door import Admitted
from bot.runs.refusals import Full, Gone, NotAllowed
from bot.slack import modals, presses
from bot.slack.blocks import refusal
from bot.slack.client import UNREACHABLE, error_code
from bot.slack.details import restarred
from bot.slack.listeners.common import Parts, complaints
from bot.slack.listeners.home import leave_as_it_is
from bot.slack.listeners.picker import Picker
from bot.slack.parsing import Payload
from bot.slack.sorry import sorry
from bot.texts import sentence

log = logging.getLogger(__name__)

Verb = Callable[[Admitted, ScheduleId], None]


@dataclass(frozen=True)
class Stars:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts
    picker: Picker

    def add(self, ack: Ack, body: Payload) -> None:
        ack()
        self._turn(presses.star_press(body), favourites.add, is_on=True)

    def remove(self, ack: Ack, body: Payload) -> None:
        ack()
        self._turn(presses.star_press(body), favourites.remove, is_on=False)

    def remove_on_home(self, ack: Ack, body: Payload) -> None:
        ack()
        press = presses.home_press(body)
        show = self.parts.homes.show

        def do() -> None:
            show(press.account, self._change(favourites.remove, press.account, ScheduleId(press.value)))

        self.parts.threads.after_answer(do, late=leave_as_it_is)

    def _turn(self, press: presses.StarPress, verb: Verb, *, is_on: bool) -> None:
        def do() -> None:
            if problem := self._change(verb, press.account, press.schedule):
                self._tell(press, problem)
                return
            self.picker.redraw(press.form, restarred(press.form, press.schedule, is_on=is_on))
            self.parts.homes.owe(press.account)

        self.parts.threads.after_answer(do, late=leave_as_it_is)

    def _change(self, verb: Verb, account: SlackAccount, schedule: ScheduleId) -> str:
        """Returns why that didn't work, for the person. Empty if it did."""
        try:
            verb(self.parts.admit(account), schedule)
        except NotAllowed as exc:
            return refusal(exc.denied)
        except (Full, Gone) as exc:
            return sentence(exc.reason)
        except Exception as exc:
            log.exception("a favourite could not be changed")
            return sorry(exc)
        return ""

    def _tell(self, press: presses.StarPress, text: str) -> None:
        """Tells the person in a small window on top of the form, which stays as it is."""
        try:
            self.parts.client.views_push(trigger_id=press.trigger, view=modals.text_only(text))
        except UNREACHABLE as exc:
            log.warning("views.push: %s %s", error_code(exc), complaints(exc))
