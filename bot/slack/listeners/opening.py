"""Opens the form after an acknowledgement, or says why it can't be opened."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.webhook import WebhookClient

from bot.runs.budget import Budget
from bot.runs.denials import Wanted
from bot.runs.door import Admitted
from bot.runs.refusals import NotAllowed, Refused
from bot.slack import modals, texts
from bot.slack.blocks import Block, refusal
from bot.slack.client import FAST, UNREACHABLE, error_code
from bot.slack.listeners.common import Parts, complaints
from bot.slack.payloads import Command
from bot.slack.presses import AnswerPress, Choice, HomePress, Press, Shortcut
from bot.slack.sorry import sorry
from bot.texts import problem_text

log = logging.getLogger(__name__)

EXPIRED = "expired_trigger_id"
USED = "exchanged_trigger_id"  # a view is open already: the same command or press came twice, perhaps to two processes


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Opens one form, while its trigger is valid (3 s). `view` makes the form; it may raise NotAllowed or Refused."""

    parts: Parts
    asked: Command | Press | Shortcut | HomePress | AnswerPress | Choice
    view: Callable[[Admitted], dict[str, Any]]
    wanted: Wanted | None = None  # for the audit record of a refusal (bot.runs.door.admit)
    too_late: str  # what the person reads if it took too long
    elsewhere: Callable[[str], None] | None = None  # tells the person why there is no form, if a modal can't
    budget: Budget = field(default_factory=Budget)

    def begin(self) -> None:
        """Call this after the acknowledgement."""
        self.parts.threads.after_answer(self._open, late=self._give_up)

    def _open(self) -> None:
        error = ""
        try:
            view = self.view(self.parts.admit(self.asked.account, self.wanted))
            if self.budget.enter():
                self.parts.client.views_open(trigger_id=self.asked.trigger, view=view)
        except NotAllowed as exc:
            problem = refusal(exc.denied)
        except Refused as exc:
            problem = problem_text(exc.problems[0])
        except UNREACHABLE as exc:
            code = error_code(exc)
            log.warning("views.open: %s %s", code, complaints(exc))
            problem = self.too_late if code == EXPIRED else texts.SORRY
            # After any other error the form may be open: then Slack refuses a second one, and nobody needs to be told.
            error = code if code in (EXPIRED, USED) else ""
        except Exception as exc:
            log.exception("the form could not be opened")
            problem = sorry(exc)
        else:
            return
        # Otherwise `_give_up` has answered, and the person may have tried again.
        if self.budget.entered or self.budget.enter():
            self._tell(problem, error)

    def _give_up(self) -> None:
        if self.budget.shut():
            log.warning("a form could not be prepared in time: the database, or Slack's users.info, is slow")
            self._tell(self.too_late, EXPIRED)

    def _tell(self, text: str, error: str) -> None:
        """Tells the person by response_url, or else in a modal, or else by `elsewhere`. `error`: why no modal can open."""
        if error == USED:
            return
        if self.asked.response_url:
            reply(self.asked.response_url, text)
            return
        error = error or window(self.parts, self.asked.trigger, text)
        if error in ("", USED):
            return
        if self.elsewhere is not None:
            self.elsewhere(text)
        else:
            log.warning("no message could be sent to %s, whose form did not open: %s", self.asked.account.user, error)


def window(parts: Parts, trigger: str, text: str) -> str:
    """Shows a text in a modal. Returns the error code if that fails, else an empty string.

    A trigger works only once, and for 3 s.
    """
    try:
        parts.client.views_open(trigger_id=trigger, view=modals.text_only(text))
    except UNREACHABLE as exc:
        return error_code(exc)
    return ""


def reply(response_url: str, text: str, blocks: Sequence[Block] | None = None, *, replace: bool = False) -> None:
    """Sends an ephemeral message, even where the bot isn't a member. `replace`: in place of the message with the button."""
    try:
        client = WebhookClient(response_url, timeout=FAST, retry_handlers=[])
        answer = client.send(text=text, blocks=blocks, response_type="ephemeral", replace_original=replace)
        status = answer.status_code
        problem = "" if status == 200 else f"HTTP {status}"
    except UNREACHABLE as exc:
        problem = error_code(exc)
    if problem:
        log.warning("an ephemeral reply could not be sent: %s", problem)
