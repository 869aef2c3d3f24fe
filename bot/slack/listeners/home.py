"""The Home tab: it is published when somebody opens it, and its buttons do what the buttons in messages do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack

from bot.core.model import RunId, ScheduleId
from bot.core.rights import Action
from bot.runs import again
from bot.runs.denials import Wanted
from bot.runs.door import Admitted
from bot.slack import events, presses, texts
from bot.slack.listeners.common import Parts, filled, stop_or_say_why, unpicked, view_of
from bot.slack.listeners.opening import Opening, window
from bot.slack.metadata import Metadata
from bot.slack.parsing import Payload


@dataclass(frozen=True)
class Home:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def opened(self, ack: Ack, body: Payload) -> None:
        ack()
        account = events.home_opened(body)
        if account is not None:
            self.parts.threads.after_answer(lambda: self.parts.homes.show(account), late=leave_as_it_is)

    def run(self, ack: Ack, body: Payload) -> None:
        self._open(ack, body, self._empty)

    def run_favourite(self, ack: Ack, body: Payload) -> None:
        self._open(ack, body, self._of_schedule)

    def run_again(self, ack: Ack, body: Payload) -> None:
        self._open(ack, body, self._of_run, is_of_run=True)

    def stop(self, ack: Ack, body: Payload) -> None:
        ack()
        press = presses.home_press(body)
        self.parts.threads.after_answer(lambda: self._stop(press), late=leave_as_it_is)

    def _stop(self, press: presses.HomePress) -> None:
        _, problem = stop_or_say_why(self.parts, press.account, RunId(press.value))
        if problem and not window(self.parts, press.trigger, problem):
            problem = ""  # the modal has told the person
        self.parts.homes.show(press.account, problem)

    def _open(
        self,
        ack: Ack,
        body: Payload,
        view: Callable[[presses.HomePress, Metadata, Admitted], dict[str, Any]],
        *,
        is_of_run: bool = False,
    ) -> None:
        ack()
        press = presses.home_press(body)
        metadata = Metadata.sealed(self.parts.platform.form_keys, press.account, None)  # the form asks where to report
        Opening(
            parts=self.parts,
            asked=press,
            view=partial(view, press, metadata),
            wanted=Wanted(action=Action.RUN, run=RunId(press.value)) if is_of_run else None,
            too_late=texts.HOME_TOO_LATE,
            elsewhere=partial(self._say, press),
        ).begin()

    def _empty(self, _press: presses.HomePress, metadata: Metadata, admitted: Admitted) -> dict[str, Any]:
        return unpicked(admitted, metadata)

    def _of_schedule(self, press: presses.HomePress, metadata: Metadata, admitted: Admitted) -> dict[str, Any]:
        return view_of(self.parts, admitted, ScheduleId(press.value), metadata)

    def _of_run(self, press: presses.HomePress, metadata: Metadata, admitted: Admitted) -> dict[str, Any]:
        return filled(self.parts, admitted, metadata, *again.preview(admitted, RunId(press.value)))

    def _say(self, press: presses.HomePress, text: str) -> None:
        """Shows the text on Home, in another thread, because some callers must not wait for the database."""
        self.parts.threads.after_answer(lambda: self.parts.homes.show(press.account, text), late=leave_as_it_is)


def leave_as_it_is() -> None:
    """Called when work is late. Does nothing: Slack shows the old Home until the new one is published."""
