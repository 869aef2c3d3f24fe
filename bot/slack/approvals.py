"""The parts of messages, Home and modals that are about approvals.

Pure functions. Foreign text in the values that they show may be hostile.
"""

import json
from collections.abc import Iterable
from typing import Any

from bot.change_texts import MORE, Room, full_line, rows, secret_names, told
from bot.core.model import Change, RunId
from bot.core.report import Answered, Report, Untold
from bot.core.rights import REASON_LIMIT, Need
from bot.core.status import RunState
from bot.core.text import clip, clip_middle, first_fitting, one_line
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
    packed,
    person,
    plain,
    preformatted,
    section,
)
from bot.slack.ids import PREFORMATTED_TEXT, SECTION_TEXT, VIEW_BLOCKS, VIEW_BYTES, Id
from bot.slack.texts import CANCEL, NOT_SHOWN, NOT_SHOWN_AT_LEAST, STOP, STOP_NOT, STOP_REALLY, STORED_ARGUMENTS
from bot.texts import sentence

ON_HOME = Room(lines=5, length=2000)  # changed values of a run
SECRETS = 10  # paths of secret values that are named, at most
PATH = 60  # characters of such a path, at most
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
    """The paths of the masked values. Empty if there are none."""
    names = [code(clip_middle(name, PATH)) for name in secret_names(changes)]
    return ", ".join(first_fitting(names, SECRETS, SECTION_TEXT, MORE))


def answer_buttons(run: RunId, mark: str, approve: Id = Id.APPROVE, decline: Id = Id.DECLINE) -> tuple[Block, Block]:
    """Approve and Decline. `mark` identifies what would be sent (bot.core.approval.mark).

    `approve`: Review, where not everything is shown that would be approved.
    """
    value = f"{run}:{mark}"
    return (
        button(approve, texts.REVIEW if approve is Id.REVIEW else APPROVE, value) | {"style": "primary"},
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


def review_modal(run: WaitingRun, *, mark: str) -> Block:
    """The window that shows everything that would be approved, and asks for the approval."""
    modal = {
        "type": "modal",
        "callback_id": Id.REVIEW_MODAL,
        "private_metadata": json.dumps({"run": run.run, "mark": mark}),
        "title": plain(texts.REVIEW_TITLE),
        "close": plain(CANCEL),
    }
    shown = section(_waiting(run))
    parts = [preformatted(part) for part in packed(map(full_line, rows(run.changes)), PREFORMATTED_TEXT)]
    view = {**modal, "submit": plain(APPROVE), "blocks": [shown, *parts]}
    if len(view["blocks"]) <= VIEW_BLOCKS and len(json.dumps(view)) <= VIEW_BYTES:
        return view
    on_page = texts.TOO_MUCH.format(page=link(run.page, texts.ITS_PAGE))
    elsewhere = on_page if run.has_page else texts.TOO_MUCH_WITHOUT_PAGE
    return {**modal, "blocks": [shown, section(elsewhere)]}


def on_home(waiting: WaitingFor) -> list[Block]:
    """The runs that wait for the reader's approval, each with its buttons."""
    blocks: list[Block] = []
    for run in waiting.first:
        changes = told(run.changes, ON_HOME)
        approve = Id.HOME_APPROVE if changes.is_all else Id.REVIEW
        blocks += [
            section(_waiting(run) if changes.is_all else f"{_waiting(run)}\n{texts.NOT_ALL}"),
            *([preformatted("\n".join(changes.lines))] if changes.lines else []),
            *buttons(*answer_buttons(run.run, run.mark, approve, Id.HOME_DECLINE)),
        ]
    if waiting.more:
        more = NOT_SHOWN_AT_LEAST if waiting.is_more_at_least else NOT_SHOWN
        blocks.append(context(more.format(number=waiting.more)))
    return blocks or [context(texts.NOTHING_WAITS)]


def _waiting(run: WaitingRun) -> str:
    """What is known of the run, apart from its changes."""
    values: dict[str, Any] = {
        "schedule": link(run.page, escape(clip(one_line(run.schedule), 100))),
        "who": person(run.requester, run.name),
        "until": date(run.until),
        "reason": escape(run.reason, REASON_LIMIT),
    }
    lines = [(texts.WAITING_REASON if run.reason else texts.WAITING_RUN).format(**values)]
    if not run.changes:
        lines.append(STORED_ARGUMENTS)
    if secrets := _secret_names(run.changes):
        lines.append(texts.SECRETS.format(names=secrets))
    return "\n".join(lines)
