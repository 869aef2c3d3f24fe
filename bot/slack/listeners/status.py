"""The list of what is running now, and its Stop buttons."""

import logging
from dataclasses import dataclass
from functools import partial

from slack_bolt import Ack

from bot.core.model import SlackAccount
from bot.runs import now
from bot.runs.budget import Budget
from bot.runs.refusals import NotAllowed
from bot.runs.report import stopped
from bot.slack import payloads, presses, status, texts
from bot.slack.blocks import Block, refusal
from bot.slack.listeners.common import Parts, stop_or_say_why
from bot.slack.listeners.opening import reply
from bot.slack.parsing import Payload
from bot.slack.sorry import sorry

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """Only the person who asked sees the list."""

    parts: Parts

    def show(self, command: payloads.Command) -> None:
        """Call this after the acknowledgement."""
        budget = Budget()

        def show() -> None:
            message = self._message(command.account)
            if budget.enter():
                reply(command.response_url, **message)

        def give_up() -> None:
            if budget.shut():
                log.warning("what is running could not be read in time: the database, or Slack's users.info, is slow")
                reply(command.response_url, texts.STATUS_LATE)

        self.parts.threads.after_answer(show, late=give_up)

    def stop(self, ack: Ack, body: Payload) -> None:
        """A new list replaces the list with the button, and says whether the run was stopped."""
        ack()
        press = presses.press(body)
        late = partial(reply, press.response_url, texts.STOP_LATE)
        self.parts.threads.after_answer(partial(self._stop, press), late=late)

    def _stop(self, press: presses.Press) -> None:
        run, problem = stop_or_say_why(self.parts, press.account, press.run)
        note = texts.WARNING.format(text=problem)
        if run is not None:
            note = status.stopped(run.schedule_name, stopped(run))
        reply(press.response_url, **self._message(press.account, note), replace=True)

    def _message(self, account: SlackAccount, note: str = "") -> Block:
        try:
            found = now.running(self.parts.admit(account))
        except NotAllowed as exc:
            return {"text": refusal(exc.denied)}
        except Exception as exc:
            log.exception("what is running could not be read")
            return {"text": sorry(exc)}
        return status.message(found, self.parts.command, note)
