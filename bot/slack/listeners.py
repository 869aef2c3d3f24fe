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
from bot.core.model import Actor, ChannelId, Destination, Field, Problem, RunRequest, ScheduleId
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
TOO_SLOW = "Nothing was sent by this press of Run: it took too long. Press Run to try again; nothing is sent twice."
NOT_OURS = "This form was not opened for you. Close it and type the command again."
NOT_PICKED = "Pick a schedule first."
NOT_SHOWN_YET = (
    ":point_down: Nothing was sent: the arguments of this schedule had not appeared yet. "
    "Check them, then press *Run* again."
)
TOO_LATE = "That took too long, Slack no longer lets me open the form. Please type the command again."
WAITING = ":hourglass: The site's database is slow to answer. The arguments appear here when it does; you can also pick again."
HELP = """*{command}* runs a schedule of the site now, with its stored arguments or others.
• `{command}` opens the form: pick a schedule, check or edit its arguments, press *Run*.
• `{command} nightly report` opens it with that schedule picked.
Its id and how it ended arrive in a thread here. Only staff of the site can run schedules."""
STALE = frozenset({"hash_conflict", "not_found"})  # the person picked again or closed the form meanwhile


class _NotShown(Exception):
    """Run was pressed before the form showed the arguments of what is picked; `view` does."""

    def __init__(self, view: dict[str, Any]) -> None:
        super().__init__()
        self.view = view


@dataclass(eq=False)
class _Picked:
    """A selection that is being shown, and the version of the form that it replaces."""

    selection: payloads.Selection
    hash: str


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
    _newest: dict[str, _Picked] = field(default_factory=dict)  # that is being shown, by its form

    def open(self, ack: Ack, body: Payload) -> None:
        if str(body.get("text", "")).strip().lower() == "help":
            ack(HELP.format(command=self.command))
            return
        ack()
        budget = Budget()
        self.afterwards.do(lambda: self._open(body, budget), late=lambda: self._give_up(body, budget))

    def _open(self, body: Payload, budget: Budget) -> None:
        """The trigger lives 3 s."""
        command = payloads.command(body)
        try:
            view = self._first_view(command, self.identity.actor(command.account))
            if budget.enter():
                self.client.views_open(trigger_id=command.trigger, view=view)
        except NotAllowed as exc:
            problem = str(exc)
        except UNREACHABLE as exc:
            log.warning("views.open: %s %s", error_code(exc), _details(exc))
            problem = TOO_LATE if error_code(exc) == "expired_trigger_id" else SORRY
        except Exception:
            log.exception("the form could not be opened")
            problem = SORRY
        else:
            return
        if budget.entered or budget.enter():  # else `_give_up` was first, and they may have typed it again since
            _reply(command.response_url, problem)

    def _give_up(self, body: Payload, budget: Budget) -> None:
        if budget.shut():
            log.warning("a form could not be prepared in time: the database, or Slack's users.info, is slow")
            _reply(payloads.command(body).response_url, TOO_LATE)

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
        selection = payloads.selection(body)
        self._newest[selection.view] = picked = _Picked(selection, selection.hash)
        self.afterwards.do(lambda: self._show_schedule(picked), late=lambda: self._say_wait(picked))

    def _show_schedule(self, picked: _Picked) -> None:
        selection = picked.selection
        metadata = replace(selection.metadata, schedule=None)
        try:
            view = self._view_of(self.identity.actor(selection.account, may_link=False), selection.schedule, metadata)
        except NotAllowed as exc:
            view = modals.empty(metadata, f":no_entry: {exc}")
        except Exception:
            log.exception("a schedule could not be shown")
            view = modals.empty(metadata, f":warning: {SORRY}")
        try:
            self._update(picked, view)
        except UNREACHABLE as exc:
            level = logging.INFO if error_code(exc) in STALE else logging.WARNING
            log.log(level, "views.update: %s %s", error_code(exc), _details(exc))
        finally:
            if self._newest.get(selection.view) is picked:
                self._newest.pop(selection.view, None)

    def _say_wait(self, picked: _Picked) -> None:
        """The arguments replace this when they come."""
        selection = picked.selection
        if self._newest.get(selection.view) is not picked:
            return
        log.warning("a schedule could not be shown in time: the database is slow")
        view = modals.empty(replace(selection.metadata, schedule=None), WAITING)
        try:
            answer = self.client.views_update(view_id=selection.view, hash=selection.hash, view=view)
            picked.hash = answer["view"]["hash"]
        except UNREACHABLE as exc:
            log.info("views.update: %s %s", error_code(exc), _details(exc))

    def _view_of(self, actor: Actor, schedule: ScheduleId | None, metadata: Metadata, note: str = "") -> dict[str, Any]:
        if schedule is None:
            return modals.empty(metadata)
        look = self.runs.look(actor, schedule)
        return modals.chosen(metadata, look, nonce=_nonce(), note=note) if look else modals.gone(metadata)

    def _update(self, picked: _Picked, view: dict[str, Any]) -> None:
        """The hash keeps an older selection from replacing a newer one's view, but not the other way round.

        Once the form has said that this one takes its time, no older one can be in its way: only what was picked since,
        by way of another process.
        """
        form, replaced = picked.selection.view, picked.hash
        try:
            self.client.views_update(view_id=form, hash=replaced, view=view)
        except SlackApiError as exc:
            has_waited = replaced != picked.selection.hash
            if error_code(exc) != "hash_conflict" or has_waited or self._newest.get(form) is not picked:
                raise
            self.client.views_update(view_id=form, view=view)

    def submit(self, ack: Ack, body: Payload) -> None:
        """Everything before the answer: the person reads in the open form what is wrong."""
        budget = Budget()
        submission = payloads.submission(body)
        try:
            self.answering.within(budget, lambda: self._start(submission, budget))
        except NotAllowed as exc:
            _refuse(ack, submission, str(exc))
        except _NotShown as exc:
            self._newest.pop(submission.view, None)  # what comes now must not replace what is typed from here on
            ack(response_action="update", view=exc.view)
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
        """Raises NotAllowed or Refused, or _NotShown: nobody runs what they haven't seen."""
        account, metadata = submission.account, submission.metadata
        actor = self.identity.actor(account, may_link=False)
        self.runs.authorise(actor)
        if not metadata.is_for(self.key, account):
            log.warning("refused a form that was not opened for Slack user %s", account.user)
            raise Refused([Problem(field=Field.SCHEDULE, text=NOT_OURS)])
        if submission.schedule is None:
            raise Refused([Problem(field=Field.SCHEDULE, text=NOT_PICKED)])
        if submission.schedule != metadata.schedule:
            blank = replace(metadata, schedule=None)
            raise _NotShown(self._view_of(actor, submission.schedule, blank, NOT_SHOWN_YET))
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
        client = WebhookClient(response_url, timeout=FAST, retry_handlers=[])
        status = client.send(text=text, response_type="ephemeral").status_code
        problem = "" if status == 200 else f"HTTP {status}"
    except UNREACHABLE as exc:
        problem = error_code(exc)
    if problem:
        log.warning("an ephemeral reply could not be sent: %s", problem)


def _nonce() -> str:
    return uuid4().hex[:8]


def _details(exc: Exception) -> str:
    """What Slack found wrong with a view: places and limits, no content."""
    if not isinstance(exc, SlackApiError):
        return ""
    return " ".join(map(str, exc.response.get("response_metadata", {}).get("messages", [])))
