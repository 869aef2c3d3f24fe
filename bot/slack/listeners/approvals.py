"""Approve, Review and Decline, under messages and on Home."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import Error
from slack_bolt import Ack

from bot.core.reasons import Code, Reason
from bot.core.rights import Action
from bot.core.status import RunState
from bot.rule_texts import IS_APPROVED_BY_ONE
from bot.runs import approve
from bot.runs.budget import Budget, TooSlow
from bot.runs.denials import Wanted
from bot.runs.door import Admitted
from bot.runs.refusals import NoSuchRun, NotAllowed, Refused
from bot.slack import approval_texts, presses, texts
from bot.slack.approvals import review_modal, why_modal
from bot.slack.blocks import entities, refusal
from bot.slack.ids import ERROR_TEXT, Id
from bot.slack.listeners.common import Parts
from bot.slack.listeners.home import leave_as_it_is
from bot.slack.listeners.opening import Opening, reply
from bot.slack.modals import text_only
from bot.slack.parsing import Payload
from bot.slack.sorry import sorry
from bot.texts import problem_text, sentence

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of a press of Approve. Without anything here, the run was sent."""

    refusal: str = ""  # why the approval doesn't count, or why nothing was sent
    waits: bool = False  # whether others must approve the run, too


@dataclass(frozen=True)
class Approvals:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def approve(self, ack: Ack, body: Payload) -> None:
        """If the run is sent, its messages say that. Otherwise the person reads why it isn't."""
        ack()
        press, budget = presses.answer(body), Budget()

        def approve() -> None:
            result = self._approve(press, budget)
            if not press.response_url:
                self._tell(press, result.refusal)  # Home itself shows that the run waits for others
            elif text := _text_of(result):
                self._tell(press, text)

        self.parts.threads.after_answer(approve, late=partial(self._give_up, press, budget))

    def _approve(
        self, press: presses.AnswerPress | presses.Reviewed, budget: Budget, *, may_link: bool = True
    ) -> _Result:
        try:
            wanted = Wanted(action=Action.APPROVE, run=press.run)
            admitted = self.parts.admit(press.account, wanted, may_link=may_link)
            found = approve.approve(admitted, press.run, press.mark, budget)
        except NotAllowed as exc:
            return _Result(refusal(exc.denied))
        except Refused as exc:
            return _Result(entities(problem_text(exc.problems[0])))
        except Exception as exc:
            log.exception("run %s could not be approved", press.run)
            return _Result(sorry(exc))
        return _Result(texts.NO_SUCH_RUN) if found is None else _Result(waits=found.state == RunState.WAITING)

    def _give_up(self, press: presses.AnswerPress, budget: Budget) -> None:
        self._tell(press, _late(budget, approval_texts.APPROVE_LATE))

    def review(self, ack: Ack, body: Payload) -> None:
        """Shows everything that would be approved, in a window."""
        ack()
        self._open(presses.answer(body), review_modal, approval_texts.REVIEW_LATE)

    def submit_review(self, ack: Ack, body: Payload) -> None:
        """Approves the run before the answer. The window then shows what happened, unless the run was sent."""
        reviewed, budget = presses.reviewed(body), Budget()
        try:
            text = _text_of(self.parts.threads.within(budget, lambda: self._approve(reviewed, budget, may_link=False)))
        except TooSlow:
            text = _late(budget, approval_texts.REVIEWED_LATE)
        if text:
            ack(response_action="update", view=text_only(text))
        else:
            ack()
        self.parts.threads.after_answer(partial(self.parts.homes.owe, reviewed.account), late=leave_as_it_is)

    def decline(self, ack: Ack, body: Payload) -> None:
        """Asks why, in a window."""
        ack()
        self._open(presses.answer(body), why_modal, approval_texts.DECLINE_LATE)

    def _open(self, press: presses.AnswerPress, modal: Callable[..., dict[str, Any]], too_late: str) -> None:
        def view(admitted: Admitted) -> dict[str, Any]:
            found = approve.asked_of(admitted, press.run, press.mark)
            if found is None:
                raise NoSuchRun
            return modal(found, mark=press.mark)

        elsewhere = partial(self._tell, press)
        Opening(parts=self.parts, asked=press, view=view, too_late=too_late, elsewhere=elsewhere).begin()

    def submit(self, ack: Ack, body: Payload) -> None:
        """Everything happens before the answer, so that the window can show problems."""
        declining = presses.declining(body)
        problem = self._decline(declining)
        if problem:
            ack(response_action="errors", errors={Id.WHY_BLOCK.value: problem[:ERROR_TEXT]})
        else:
            ack()
            self.parts.threads.after_answer(partial(self.parts.homes.owe, declining.account), late=leave_as_it_is)

    def _decline(self, declining: presses.Declining) -> str:
        budget, wanted = Budget(), Wanted(action=Action.APPROVE, run=declining.run)

        def decline() -> object:
            admitted = self.parts.admit(declining.account, wanted, may_link=False)
            return approve.decline(admitted, declining.run, declining.mark, declining.why)

        try:
            found = self.parts.threads.within(budget, decline)
        except NotAllowed as exc:
            return sentence(exc.denied)
        except Refused as exc:
            return problem_text(exc.problems[0])
        except (TooSlow, Error) as exc:
            log.warning("run %s could not be declined in time: %s", declining.run, type(exc).__name__)
            return approval_texts.DECLINE_LATE
        return "" if found is not None else texts.NO_SUCH_RUN

    def _tell(self, press: presses.AnswerPress, text: str) -> None:
        """Tells the person in a message that only they see or, without a response_url, on their Home.

        Home is made in another thread, because `_give_up` must not wait for the database.
        """
        if press.response_url:
            reply(press.response_url, text)
        else:
            self.parts.threads.after_answer(partial(self.parts.homes.show, press.account, text), late=leave_as_it_is)


def _text_of(result: _Result) -> str:
    """Empty if the run was sent: its messages say that."""
    return IS_APPROVED_BY_ONE if result.waits else result.refusal


def _late(budget: Budget, if_nothing_was_sent: str) -> str:
    """Gives up. If the run is being sent at this moment, its thread will say how it goes on."""
    if budget.shut():
        log.warning("an approval took too long; nothing sent")
        return if_nothing_was_sent
    log.warning("an approval takes long; publishing has begun")
    return sentence(Reason(code=Code.MAYBE_SENT))
