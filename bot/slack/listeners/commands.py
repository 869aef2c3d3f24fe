"""The slash command: it opens the form."""

import logging
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack
from slack_sdk.webhook import WebhookClient

from bot.core.model import Actor, ChannelId
from bot.runs import see
from bot.runs.refusals import NotAllowed
from bot.runs.waiting import Budget
from bot.slack import modals, payloads, texts
from bot.slack.client import FAST, UNREACHABLE, error_code
from bot.slack.listeners.common import Parts, details, nonce
from bot.slack.metadata import Metadata
from bot.slack.payloads import Payload
from bot.texts import sentence

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Commands:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def open(self, ack: Ack, body: Payload) -> None:
        if str(body.get("text", "")).strip().lower() == "help":
            ack(texts.HELP.format(command=self.parts.command))
            return
        ack()
        budget = Budget()
        self.parts.threads.after_answer(lambda: self._open(body, budget), late=lambda: self._give_up(body, budget))

    def _open(self, body: Payload, budget: Budget) -> None:
        """The trigger is valid for 3 s."""
        command = payloads.command(body)
        try:
            view = self._first_view(command, self.parts.identity.actor(command.account))
            if budget.enter():
                self.parts.client.views_open(trigger_id=command.trigger, view=view)
        except NotAllowed as exc:
            problem = sentence(exc.denied)
        except UNREACHABLE as exc:
            log.warning("views.open: %s %s", error_code(exc), details(exc))
            problem = texts.TOO_LATE if error_code(exc) == "expired_trigger_id" else texts.SORRY
        except Exception:
            log.exception("the form could not be opened")
            problem = texts.SORRY
        else:
            return
        if budget.entered or budget.enter():  # otherwise `_give_up` has answered, and they may have typed it again
            _reply(command.response_url, problem)

    def _give_up(self, body: Payload, budget: Budget) -> None:
        if budget.shut():
            log.warning("a form could not be prepared in time: the database, or Slack's users.info, is slow")
            _reply(payloads.command(body).response_url, texts.TOO_LATE)

    def _first_view(self, command: payloads.Command, actor: Actor) -> dict[str, Any]:
        platform = self.parts.platform
        metadata = Metadata.sealed(self.parts.keys, command.account, ChannelId(command.channel))
        if not command.text:
            return modals.empty(metadata) if see.has_schedules(platform, actor) else modals.no_schedules(metadata)
        brief, matching = see.named(platform, actor, command.text)
        preview = None if brief is None else see.preview(platform, actor, brief.id)
        if preview is None:
            return modals.empty(metadata, modals.ambiguous(command.text, matching))
        return modals.chosen(metadata, preview, nonce=nonce())


def _reply(response_url: str, text: str) -> None:
    """An ephemeral message, which works where the bot isn't a member, too."""
    try:
        client = WebhookClient(response_url, timeout=FAST, retry_handlers=[])
        status = client.send(text=text, response_type="ephemeral").status_code
        problem = "" if status == 200 else f"HTTP {status}"
    except UNREACHABLE as exc:
        problem = error_code(exc)
    if problem:
        log.warning("an ephemeral reply could not be sent: %s", problem)
