"""The parts of messages, Home and modals that are about approvals.

Pure functions. Foreign text in the values that they show may be hostile.
"""

import json
from collections.abc import Iterable
from typing import Any

from bot.core.model import Change, RunId
from bot.core.report import Answered, Report, Untold
from bot.core.rights import REASON_LIMIT, Need
from bot.core.scrub import MASK
from bot.core.status import RunState
from bot.core.text import clip, one_line
from bot.rule_texts import APPROVE, DECLINE, NOBODY_IN_TIME, need_text
from bot.runs.approvals import WaitingFor, WaitingRun
from bot.slack import approval_texts as texts
from bot.slack.blocks import (
    Block,
    button,
    buttons,
    code,
    confirm,
    context,
    date,
    escape,
    first_of,
    link,
    mention,
    person,
    plain,
    section,
)
from bot.slack.ids import Id
from bot.slack.texts import (
    CANCEL,
    MORE_CHANGES,
    NOT_SHOWN,
    NOT_SHOWN_AT_LEAST,
    STOP,
    STOP_NOT,
    STOP_REALLY,
    STORED_ARGUMENTS,
)
from bot.texts import change_name, change_text, sentence

CHANGES = 5  # changed values that Home shows of a run, at most
CHANGE = 450  # characters shown of a change, at most: its name, the old value and the new one
ALL_CHANGES = 2000  # characters shown of all changes of a run, at most
MISSING_SCOPE = "missing_scope"  # Slack's error code


def of_root(report: Report) -> list[Block]:
    """The blocks in a run's root: who has answered and, if the run still waits, who can approve it and until when."""
    asked = report.asked
    if asked is None:
        return []
    is_waiting = report.state == RunState.WAITING
    lists = [list(map(_answer, asked.answers)), list(map(_need, asked.needs if is_waiting else ()))]
    blocks = [context("\n".join(first_of(lines))) for lines in lists if lines]
    lines = [texts.UNTIL.format(until=date(asked.until))] if is_waiting else []
    if is_waiting and (secrets := _secret_names(report.changes)):
        lines.append(texts.SECRETS.format(names=secrets))
    if asked.untold is not None and report.recipient is None:
        lines.append(_untold(asked.untold))
    if asked.problem is not None and report.is_unsent:
        problem = escape(sentence(asked.problem), 500)
        lines.append(texts.PROBLEM.format(problem=problem) if is_waiting else problem)
    if report.state == RunState.LAPSED:
        lines.append(NOBODY_IN_TIME)
    blocks += map(context, lines)
    if is_waiting and asked.ask and report.recipient is None:
        blocks.append(section(texts.ASK.format(who=" ".join(map(mention, asked.ask)))))
    return blocks


def _need(need: Need) -> str:
    return texts.NEED.format(need=escape(need_text(need), 500))


def _untold(untold: Untold) -> str:
    if not untold.all:
        return texts.NOBODY_TO_TELL
    if untold.because == MISSING_SCOPE and untold.number == untold.all:
        return texts.UNTOLD_FOR_LACK_OF_SCOPE
    return texts.UNTOLD.format(number=untold.number, all=untold.all, code=code(untold.because))


def _answer(answer: Answered) -> str:
    return (texts.APPROVED_BY if answer.is_yes else texts.DECLINED_BY).format(**_values_of(answer))


def _values_of(answer: Answered) -> dict[str, str]:
    return {"who": person(answer.slack, answer.name), "why": escape(answer.why, REASON_LIMIT)}


def why_unsent(report: Report) -> str:
    """Why a run that needed approval was not sent. Don't call this for a run that somebody withdrew."""
    asked = report.asked
    if asked is None or report.state == RunState.LAPSED:
        return NOBODY_IN_TIME
    if report.state == RunState.DECLINED:
        return " ".join(texts.DECLINED.format(**_values_of(one)) for one in asked.answers if not one.is_yes)
    return escape(sentence(asked.problem), 500)


def _secret_names(changes: Iterable[Change]) -> str:
    """The names of the changed values that are masked, wholly or in part. Empty if there are none."""
    return ", ".join(code(change_name(one), 60) for one in changes if MASK in f"{one.old}{one.new}")


def answer_buttons(run: RunId, mark: str, approve: Id = Id.APPROVE, decline: Id = Id.DECLINE) -> tuple[Block, Block]:
    """Approve and Decline. `mark` identifies what would be sent (bot.core.approval.mark)."""
    value = f"{run}:{mark}"
    return (
        button(approve, APPROVE, value) | {"style": "primary"},
        button(decline, DECLINE, value) | {"style": "danger"},
    )


def withdraw_button(run: RunId, action: Id = Id.STOP) -> Block:
    """Stop, for a run that waits for approval."""
    return button(action, STOP, str(run), confirm=confirm(STOP_REALLY, texts.WITHDRAW_MEANS, STOP, STOP_NOT))


def why_modal(run: WaitingRun, *, mark: str) -> Block:
    """The window that asks why somebody declines a run."""
    what = texts.DECLINE_OF.format(schedule=escape(run.schedule), who=person(run.requester, run.name))
    element = {"type": "plain_text_input", "action_id": Id.JSON_INPUT, "multiline": True, "max_length": REASON_LIMIT}
    why = {
        "type": "input",
        "block_id": Id.WHY_BLOCK,
        "label": plain(texts.WHY),
        "hint": plain(texts.WHY_HINT),
        "element": element,
    }
    return {
        "type": "modal",
        "callback_id": Id.DECLINE_MODAL,
        "private_metadata": json.dumps({"run": run.run, "mark": mark}),
        "title": plain(texts.DECLINE_TITLE),
        "submit": plain(DECLINE),
        "close": plain(CANCEL),
        "blocks": [section(what), why],
    }


def on_home(waiting: WaitingFor) -> list[Block]:
    """The runs that wait for the reader's approval, each with its buttons."""
    blocks: list[Block] = []
    for run in waiting.first:
        blocks += [
            section(_waiting(run)),
            *buttons(*answer_buttons(run.run, run.mark, Id.HOME_APPROVE, Id.HOME_DECLINE)),
        ]
    if waiting.more:
        more = NOT_SHOWN_AT_LEAST if waiting.is_more_at_least else NOT_SHOWN
        blocks.append(context(more.format(number=waiting.more)))
    return blocks or [context(texts.NOTHING_WAITS)]


def _changes(run: WaitingRun) -> list[str]:
    """The changes, as many as fit. A last line says how many others there are, because the reader approves them, too."""
    shown: list[str] = []
    for change in run.changes[:CHANGES]:
        text = escape(change_text(change), CHANGE)
        if sum(map(len, shown)) + len(text) > ALL_CHANGES:
            break
        shown.append(text)
    left = len(run.changes) - len(shown)
    return [*shown, MORE_CHANGES.format(number=left)] if left else shown


def _waiting(run: WaitingRun) -> str:
    changes = _changes(run)
    if secrets := _secret_names(run.changes):
        changes.append(texts.SECRETS.format(names=secrets))
    values: dict[str, Any] = {
        "schedule": link(run.page, escape(clip(one_line(run.schedule), 100))),
        "who": person(run.requester, run.name),
        "until": date(run.until),
        "what": "\n".join(changes) or STORED_ARGUMENTS,
        "reason": escape(run.reason, REASON_LIMIT),
    }
    return (texts.WAITING_REASON if run.reason else texts.WAITING_RUN).format(**values)
