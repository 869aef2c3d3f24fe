"""The messages of a thread, as pure functions of a report. Foreign text in a report may be hostile."""

from collections.abc import Iterator
from typing import Any

from bot.change_texts import told
from bot.core.model import EDITS, NoticeKind, Outcome, RunId
from bot.core.report import Report, Stopped
from bot.core.rights import REASON_LIMIT
from bot.core.status import ENDED, NEVER_RUN, RunState
from bot.core.stops import GOES_ON, Standing
from bot.core.text import clean, clip, clip_start, duration, one_line
from bot.slack import approval_texts, approvals, silence, texts
from bot.slack.blocks import (
    CHANGES,
    Block,
    button,
    buttons,
    code,
    confirm,
    context,
    date,
    entities,
    escape,
    is_too_long,
    link,
    mention,
    person,
    preformatted,
    section,
    shortened,
)
from bot.slack.ids import FALLBACK_TEXT, Id
from bot.slack.state_only import state_only
from bot.slack.states import how_far, icon
from bot.texts import note_of, state_text, stop_text

RESULT = 1200  # characters shown of a result: about a screen of a phone
TRACEBACK = 1000  # characters shown of a traceback, from its end, which says most; a link leads to the whole
# States in which the root shows what the task itself has reported.
HEARD_OF = (RunState.RUNNING, RunState.OVERDUE, RunState.UNSEEN)
SIMPLE = 300  # characters of a message without blocks, at most


def message(report: Report) -> dict[str, Any]:
    """Arguments of chat.postMessage or chat.update, without the destination.

    Notifications and screen readers use `text`, which says in one line what happened.
    """
    text, blocks = _built(report)
    return {"text": clip(text, FALLBACK_TEXT), "blocks": shortened(blocks), "metadata": metadata(report)}


def simple_message(report: Report) -> dict[str, Any]:
    """Arguments of chat.postMessage for one line of plain text, for when Slack doesn't take our blocks."""
    text, _ = _built(report)
    return {"text": clip(one_line(text), SIMPLE), "mrkdwn": False, "metadata": metadata(report)}


def _built(report: Report) -> tuple[str, list[Block]]:
    if report.is_hidden and report.recipient is not None:
        return _nothing()
    if report.is_hidden:
        return state_only(report, [])
    return state_only(report, list(_actions(report))) if report.is_external else BUILDERS[report.kind](report)


def metadata(report: Report) -> dict[str, Any]:
    """Metadata by which we find the message again if Slack's answer was lost. Everybody in the workspace can read the metadata."""
    kind = EDITS.get(report.kind, report.kind)
    return {"event_type": Id.NOTICE_EVENT, "event_payload": {"run": str(report.run), "kind": kind.value}}


def _root(report: Report) -> tuple[str, list[Block]]:
    name = link(report.run_link, escape(report.schedule))
    text = texts.ROOT_NEVER_RUN if report.state in NEVER_RUN else texts.ROOT
    if report.is_unsent:
        text = approval_texts.ROOT
    root = text.format(icon=_icon(report), who=_who(report), schedule=name, state=_state(report))
    blocks = [section(root)]
    changes = told(report.changes, CHANGES)
    if changes.lines:
        blocks.append(preformatted("\n".join(changes.lines)))
    if report.said.reason:
        blocks.append(context(texts.REASON.format(reason=escape(report.said.reason, REASON_LIMIT))))
    blocks += approvals.of_root(report)
    if report.stopped:
        blocks.append(context(_stopped(report.stopped)))
    notes = [f"{code(report.task)} · {date(report.created_at)}"]
    if not report.changes and not report.is_emptied:
        notes.append(texts.STORED_ARGUMENTS)
    if report.redirected_from:
        notes.append(_elsewhere(report.redirected_from, report.redirected_because))
    plain = _end_plain(report) if report.state == RunState.FINISHED else _open_plain(report)
    blocks.append(context(" · ".join(notes)))
    with_all = [*blocks, *buttons(*_actions(report))]
    if not _can_be_answered(report) or (changes.is_all and not is_too_long(with_all)):
        return plain, with_all
    return plain, [*blocks, context(approval_texts.NOT_ALL), *buttons(*_actions(report, shows_all=False))]


def _actions(report: Report, *, shows_all: bool = True) -> Iterator[Block]:
    """The buttons of the root. Each press is checked again, however old the message is.

    `shows_all`: whether the message shows everything that an approver approves.
    """
    if report.state == RunState.WAITING and report.asked is not None:
        if _can_be_answered(report):
            approve = Id.APPROVE if shows_all else Id.REVIEW
            yield from approvals.answer_buttons(report.run, report.asked.mark, approve)
        if report.recipient is None:
            yield approvals.withdraw_button(report.run)
    if report.can_stop and report.stopped is None:
        yield stop_button(Id.STOP, report.run)
    if report.can_stop and report.may_kill and report.stopped is not None and report.stopped.standing in GOES_ON:
        sure = confirm(texts.TERMINATE_REALLY, texts.TERMINATE_MEANS, texts.TERMINATE, texts.STOP_NOT)
        yield button(Id.TERMINATE, texts.TERMINATE, str(report.run), confirm=sure)
    if report.state in ENDED | NEVER_RUN and report.recipient is None:
        yield button(Id.RUN_AGAIN, texts.RUN_AGAIN, str(report.run))


def _can_be_answered(report: Report) -> bool:
    """Whether the root asks its readers for approval. Nobody should approve what a message to another company doesn't show."""
    is_own = report.recipient is None and report.channel.startswith("D")  # only the requester reads it
    return report.state == RunState.WAITING and report.asked is not None and not (is_own or report.is_external)


def stop_button(action: Id, run: RunId) -> Block:
    sure = confirm(texts.STOP_REALLY, texts.STOP_MEANS, texts.STOP, texts.STOP_NOT)
    return button(action, texts.STOP, str(run), confirm=sure)


def _elsewhere(channel: str, because: str) -> str:
    """Why the thread isn't in the channel of the request. We can't link to other people's direct messages."""
    if channel.startswith("D"):
        return texts.ELSEWHERE_DIRECT
    text = texts.ELSEWHERE_BECAUSE.get(because, texts.ELSEWHERE)
    return text.format(channel=f"<#{channel}>", code=escape(because))


def _id(report: Report) -> tuple[str, list[Block]]:
    address = f" · {link(report.result_link, texts.RESULT)}" if report.result_link else ""
    blocks = [section(texts.TASK_ID.format(id=report.task_id) + address)]
    if report.sent_at is None and report.outcome is None:
        blocks.append(context(texts.FATE_UNKNOWN if report.has_results else texts.FATE_NEVER_KNOWN))
    return texts.TASK_ID_PLAIN.format(id=report.task_id), blocks


def _closed(report: Report) -> tuple[str, list[Block]]:
    """The last reply of a run that was not run, with a button to ask again."""
    if report.stopped:
        why = _stopped(report.stopped)
    else:
        why = approvals.why_unsent(report) if report.is_unsent else state_text(RunState.WITHDRAWN, "")
    name = link(report.run_link, escape(report.schedule))
    text = texts.CLOSED.format(icon=_icon(report), who=_who(report), schedule=name, why=why)
    again = button(Id.RUN_AGAIN, texts.RUN_AGAIN, str(report.run))
    state = RunState(report.state) if report.is_unsent else RunState.WITHDRAWN
    plain = texts.ROOT_PLAIN.format(schedule=entities(one_line(report.schedule)), state=state_text(state, ""))
    return plain, [section(text), *buttons(again)]


def _ask(report: Report) -> tuple[str, list[Block]]:
    """The direct message to an approver. It is edited when anybody answers."""
    if report.asked is None:  # nothing is left to approve
        return _nothing()
    plain, blocks = _root(report)
    if report.is_unsent:
        return plain, blocks
    words = approval_texts.IS_APPROVED  # the thread says how the run goes on
    name = link(report.run_link, escape(report.schedule))
    root = approval_texts.ROOT.format(icon=_icon(report), who=_who(report), schedule=name, state=words)
    plain = texts.ROOT_PLAIN.format(schedule=entities(one_line(report.schedule)), state=words)
    return plain, [section(root), *approvals.of_root(report)]


def _nothing() -> tuple[str, list[Block]]:
    """What an approver reads who may not see the schedule now."""
    return approval_texts.HIDDEN_PLAIN, [section(approval_texts.HIDDEN)]


def _stopped(stopped: Stopped) -> str:
    return stop_text(stopped, person(stopped.slack, stopped.name))


def _again(report: Report) -> tuple[str, list[Block]]:
    end = report.later_end
    if end is None:  # can't be: the later end and this notice are saved together
        raise ValueError(report)
    end_icon = icon(RunState.FINISHED, end.status)
    name = link(report.run_link, escape(report.schedule))
    is_after_stop = report.stopped is not None and report.stopped.standing is Standing.REVOKED
    words = texts.AGAIN_THOUGH_STOPPED if is_after_stop else texts.AGAIN
    text = words.format(icon=end_icon, who=_who(report), schedule=name, status=escape(end.status))
    plain = texts.AGAIN_PLAIN.format(schedule=entities(one_line(report.schedule)), status=end.status)
    return plain, [section(text), *_result(end, report)]


def _final(report: Report) -> tuple[str, list[Block]]:
    text = texts.FINAL if report.duration is None else texts.FINAL_AFTER
    end = text.format(
        icon=_icon(report),
        who=_who(report),
        status=escape(report.status),
        schedule=link(report.run_link, escape(report.schedule)),
        duration=_took(report),
    )
    plain = _end_plain(report)
    if report.said.mention:
        end = texts.FINAL_MENTIONS.format(end=end, who=" ".join(map(mention, report.said.mention)))
    blocks = [section(end), *([context(_stopped(report.stopped))] if report.stopped else [])]
    outcome = report.outcome
    if outcome is None:
        return plain, blocks
    if outcome.result:
        plain = texts.FINAL_PLAIN_RESULT.format(end=plain, result=entities(clip(one_line(outcome.result), 150)))
    return plain, [*blocks, *_result(outcome, report)]


def _result(outcome: Outcome, report: Report) -> list[Block]:
    """The result, or the exception and the end of its traceback, and a note if something was or may be left out."""
    blocks: list[Block] = []
    notes: list[str] = []
    result, traceback = clean(outcome.result).strip(), clean(outcome.traceback).strip()
    if result:
        blocks.append(preformatted(clip(result, RESULT)))
        if report.by_events:
            blocks.append(context(texts.SHORT_FORM))
        if max(outcome.result_length, len(result)) > RESULT:
            notes.append(texts.SHORTENED.format(length=outcome.result_length))
    if means := note_of(outcome.status, outcome.result):
        blocks.append(context(means))
    if traceback:
        blocks.append(preformatted(clip_start(traceback, TRACEBACK)))
        if len(traceback) > TRACEBACK:
            notes.append(texts.TRACEBACK_END)
    if notes and report.result_link:
        notes.append(link(report.result_link, texts.ALL_OF_IT))
    return [*blocks, context(" ".join(notes))] if notes else blocks


def _who(report: Report) -> str:
    return person(report.requester, report.name)


def _took(report: Report) -> str:
    return "" if report.duration is None else duration(report.duration)


def _icon(report: Report) -> str:
    return icon(RunState(report.state), report.status)


def _state(report: Report) -> str:
    words = how_far(RunState(report.state), report.status, report.duration)
    if report.state in HEARD_OF and report.outcome and report.outcome.result:
        return f"{words} · {escape(report.outcome.result)}"
    return words


def _open_plain(report: Report) -> str:
    words = entities(state_text(RunState(report.state), report.status))
    return texts.ROOT_PLAIN.format(schedule=entities(one_line(report.schedule)), state=words)


def _end_plain(report: Report) -> str:
    text = texts.FINAL_PLAIN if report.duration is None else texts.FINAL_PLAIN_AFTER
    return text.format(schedule=entities(one_line(report.schedule)), status=report.status, duration=_took(report))


BUILDERS = {
    NoticeKind.ROOT: _root,
    NoticeKind.PROGRESS: _root,
    NoticeKind.ID: _id,
    NoticeKind.DEADLINE: silence.deadline,
    NoticeKind.UNSEEN: silence.unseen,
    NoticeKind.CLOSED: _closed,
    NoticeKind.FINAL: _final,
    NoticeKind.AGAIN: _again,
    NoticeKind.ASK: _ask,
    NoticeKind.ANSWERED: _ask,
}
