"""What happens on each of Slack's requests: parse, call the door, answer. Each ends in words for the person."""

import logging
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from django.db import DatabaseError
from slack_bolt import Ack
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.core.budget import Budget
from bot.core.model import Actor, ChannelId, Destination, Field, Problem, RunRequest
from bot.runs.refusals import MAY_BE_SENT, NotAllowed, Refused
from bot.runs.service import RunService
from bot.slack import modals, payloads
from bot.slack.afterwards import Afterwards
from bot.slack.answering import Answering, TooSlow
from bot.slack.client import FAST, UNREACHABLE, error_code
from bot.slack.identity import Identity
from bot.slack.ids import OPTIONS
from bot.slack.metadata import Metadata
from bot.slack.payloads import Payload

log = logging.getLogger(__name__)

SORRY = "Something went wrong on my side; the log says what. Please try again."
# Of this press only: an earlier one may have been sent, whose answer got lost. Pressing Run again finds that out.
NO_DATABASE = "Nothing was sent by this press of Run: the database can't be reached. Press Run to try again; nothing is sent twice."
TOO_SLOW = (
    "Nothing was sent by this press of Run: the database took too long. Press Run to try again; nothing is sent twice."
)
NOT_OURS = "This form was not opened for you. Close it and type the command again."
NOT_SHOWN_YET = "The arguments of this schedule have not appeared yet. Wait a moment, then press Run again."
TOO_LATE = "That took too long, Slack no longer lets me open the form. Please type the command again."
HELP = """*{command}* runs a schedule of the site now, with its stored arguments or others.
• `{command}` opens the form: pick a schedule, check or edit its arguments, press *Run*.
• `{command} nightly report` opens it with that schedule picked.
Its id and how it ended arrive in a thread here. Only staff of the site can run schedules."""
STALE = frozenset({"hash_conflict", "not_found"})  # the person picked again or closed the form meanwhile


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    runs: RunService
    identity: Identity
    client: WebClient
    answering: Answering
    afterwards: Afterwards
    command: str
    key: str = field(repr=False)  # seals what the form carries

    def open(self, ack: Ack, body: Payload) -> None:
        if str(body.get("text", "")).strip().lower() == "help":
            ack(HELP.format(command=self.command))
            return
        ack()
        self.afterwards.do(lambda: self._open(body))

    def _open(self, body: Payload) -> None:
        """The trigger lives 3 s."""
        command = payloads.command(body)
        try:
            view = self._first_view(command, self.identity.actor(command.account))
            self.client.views_open(trigger_id=command.trigger, view=view)
        except NotAllowed as exc:
            _reply(command.response_url, str(exc))
        except UNREACHABLE as exc:
            log.warning("views.open: %s %s", error_code(exc), _details(exc))
            _reply(command.response_url, TOO_LATE if error_code(exc) == "expired_trigger_id" else SORRY)
        except Exception:
            log.exception("the form could not be opened")
            _reply(command.response_url, SORRY)

    def _first_view(self, command: payloads.Command, actor: Actor) -> dict[str, Any]:
        metadata = Metadata.sealed(self.key, command.account, ChannelId(command.channel))
        if not command.text:
            return modals.empty(metadata) if self.runs.has_schedules(actor) else modals.no_schedules(metadata)
        brief, matching = self.runs.named(actor, command.text)
        look = None if brief is None else self.runs.look(actor, brief.id)
        if look is None:
            return modals.empty(metadata, modals.ambiguous(command.text, matching))
        return modals.chosen(metadata, look, nonce=_nonce())

    def suggest(self, ack: Ack, body: Payload) -> None:
        suggestion = payloads.suggestion(body)

        def find() -> dict[str, Any]:
            actor = self.identity.actor(suggestion.account, may_link=False)
            return modals.suggestions(self.runs.find(actor, suggestion.query, OPTIONS))

        try:
            ack(self.answering.within(Budget(), find))
        except (NotAllowed, TooSlow):
            ack(modals.NO_SUGGESTIONS)

    def pick(self, ack: Ack, body: Payload) -> None:
        ack()
        self.afterwards.do(lambda: self._show_schedule(body))

    def _show_schedule(self, body: Payload) -> None:
        selection = payloads.selection(body)
        metadata = selection.metadata
        try:
            look = self.runs.look(self.identity.actor(selection.account, may_link=False), selection.schedule)
        except NotAllowed as exc:
            view = modals.empty(replace(metadata, schedule=None), f":no_entry: {exc}")
        else:
            view = (
                modals.chosen(metadata, look, nonce=_nonce()) if look else modals.gone(replace(metadata, schedule=None))
            )
        try:
            self.client.views_update(view_id=selection.view, hash=selection.hash, view=view)
        except UNREACHABLE as exc:
            level = logging.INFO if error_code(exc) in STALE else logging.WARNING
            log.log(level, "views.update: %s %s", error_code(exc), _details(exc))

    def submit(self, ack: Ack, body: Payload) -> None:
        """Everything before the answer: the person reads in the open form what is wrong."""
        budget = Budget()
        submission = payloads.submission(body)
        try:
            self.answering.within(budget, lambda: self._start(submission, budget))
        except NotAllowed as exc:
            _refuse(ack, submission, str(exc))
        except Refused as exc:
            ack(response_action="errors", errors=modals.errors(exc.problems, submission.inputs))
        except TooSlow:
            nothing_sent = budget.shut()
            log.warning("a submission took too long; %s", "nothing sent" if nothing_sent else "publishing had begun")
            _refuse(ack, submission, TOO_SLOW if nothing_sent else MAY_BE_SENT)
        except DatabaseError:
            log.exception("nothing sent: the database failed")
            _refuse(ack, submission, NO_DATABASE)
        else:
            ack()

    def _start(self, submission: payloads.Submission, budget: Budget) -> None:
        """Raises NotAllowed or Refused, also if the form doesn't show the picked schedule's arguments (yet)."""
        account, metadata = submission.account, submission.metadata
        actor = self.identity.actor(account, may_link=False)
        self.runs.authorise(actor)
        if not metadata.is_for(self.key, account):
            log.warning("refused a form that was not opened for Slack user %s", account.user)
            raise Refused([Problem(field=Field.SCHEDULE, text=NOT_OURS)])
        if submission.schedule is None or submission.schedule != metadata.schedule:
            raise Refused([Problem(field=Field.SCHEDULE, text=NOT_SHOWN_YET)])
        request = RunRequest(
            key=f"slack:{submission.view}",
            actor=actor,
            schedule=submission.schedule,
            args=submission.values.get(Field.ARGS),
            kwargs=submission.values.get(Field.KWARGS),
            fingerprint=metadata.fingerprint,
            destination=Destination(team=account.team, channel=metadata.channel, requester=account.user),
        )
        self.runs.start(request, budget)


def _refuse(ack: Ack, submission: payloads.Submission, text: str) -> None:
    problems = [Problem(field=Field.SCHEDULE, text=text)]
    ack(response_action="errors", errors=modals.errors(problems, submission.inputs))


def _reply(response_url: str, text: str) -> None:
    """Ephemeral, and possible even where the bot isn't a member."""
    try:
        WebhookClient(response_url, timeout=FAST, retry_handlers=[]).send(text=text, response_type="ephemeral")
    except UNREACHABLE as exc:
        log.warning("an ephemeral reply could not be sent: %s", error_code(exc))


def _nonce() -> str:
    return uuid4().hex[:8]


def _details(exc: Exception) -> str:
    """What Slack found wrong with a view: places and limits, no content."""
    if not isinstance(exc, SlackApiError):
        return ""
    return " ".join(map(str, exc.response.get("response_metadata", {}).get("messages", [])))
