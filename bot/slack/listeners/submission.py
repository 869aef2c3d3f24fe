"""Starts a run when somebody presses Run. All work is done before the answer, so that the open form can show problems."""

import json
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import Error
from slack_bolt import Ack

from bot.core.model import ChannelId, Destination, Field, Place, RunRequest
from bot.core.reasons import Code, Reason
from bot.core.rights import Action
from bot.runs import start
from bot.runs.budget import Budget, TooSlow
from bot.runs.denials import Wanted
from bot.runs.refusals import NotAllowed, NothingSent, Refused
from bot.slack import modals, payloads, texts
from bot.slack.ids import ANSWER_BYTES
from bot.slack.listeners.common import Parts, view_of
from bot.slack.listeners.picker import Picker
from bot.slack.parsing import Payload
from bot.texts import sentence

log = logging.getLogger(__name__)


class _NotShown(Exception):
    """The form hasn't shown these arguments of the picked schedule yet. `view` is a form that shows them."""

    def __init__(self, view: dict[str, Any]) -> None:
        super().__init__()
        self.view = view


class _Misused(Exception):
    """The person may not submit this form, or has picked nothing in it. The text tells them."""


@dataclass(frozen=True)
class Submissions:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts
    picker: Picker

    def submit(self, ack: Ack, body: Payload) -> None:
        submission = payloads.submission(body)
        try:
            problem = self._answer(submission)
        except _NotShown as exc:
            if len(json.dumps(exc.view)) <= ANSWER_BYTES:
                self.picker.forget(submission.view)
                ack(response_action="update", view=exc.view)
                return
            problem = modals.error(texts.APPEARS_SOON)
            self.parts.threads.after_answer(partial(self.picker.redraw, body["view"], exc.view), late=_late)
        if problem:
            ack(response_action="errors", errors=problem)
        else:
            ack()

    def _answer(self, submission: payloads.Submission) -> dict[str, str]:
        """Errors by block; empty if the run was started. Raises _NotShown."""
        budget = Budget()
        try:
            self.parts.threads.within(budget, lambda: self._start(submission, budget))
        except NotAllowed as exc:
            text = sentence(exc.denied)
        except _Misused as exc:
            text = str(exc)
        except NothingSent as exc:
            text = texts.nothing_sent(exc.reason)
        except Refused as exc:
            return modals.errors(exc.problems, submission.inputs)
        except TooSlow:
            nothing_sent = budget.shut()
            log.warning("a submission took too long; %s", "nothing sent" if nothing_sent else "publishing had begun")
            text = texts.TOO_SLOW if nothing_sent else sentence(Reason(code=Code.MAYBE_SENT))
        except Error:
            log.exception("nothing sent: the database failed")
            text = texts.NO_DATABASE
        else:
            return {}
        return modals.error(text)

    def _start(self, submission: payloads.Submission, budget: Budget) -> None:
        """Raises NotAllowed, _Misused, _NotShown, and what `start` raises."""
        account, metadata = submission.account, submission.metadata
        wanted = Wanted(action=Action.RUN, schedule=submission.schedule)
        admitted = self.parts.admit(account, wanted, may_link=False)
        if not metadata.is_for(self.parts.platform.form_keys, account):
            log.warning("refused a form that was not opened for Slack user %s", account.user)
            raise _Misused(texts.NOT_OURS)
        if submission.schedule is None:
            raise _Misused(texts.NOT_PICKED)
        is_picked = submission.schedule == metadata.schedule
        if not is_picked or submission.again != metadata.again:
            run = submission.again if is_picked else None
            raise _NotShown(
                view_of(self.parts, admitted, submission.schedule, metadata, run=run, notes=(modals.NOT_SHOWN_YET,))
            )
        place = metadata.place or Place(channel=submission.report_in or ChannelId(account.user))
        installation = self.parts.identity.installation.id()  # not empty: without it, `admit` refuses everybody
        request = RunRequest(
            key=f"slack:{installation}:{submission.view}",
            schedule=submission.schedule,
            args=submission.values.get(Field.ARGS),
            kwargs=submission.values.get(Field.KWARGS),
            fingerprint=metadata.fingerprint,
            again=metadata.again,
            reason=submission.values.get(Field.REASON, ""),
            destination=Destination(installation=installation, place=place, requester=account),
        )
        start.start(admitted, request, budget)


def _late() -> None:
    log.warning("arguments appear late in a form: Slack is slow")
