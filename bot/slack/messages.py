"""What a thread says, as pure functions of a report. Everything foreign in it is hostile text."""

from typing import Any

from bot.core.model import Change, ChannelId, NoticeKind, Outcome, Report
from bot.core.status import RunState, how_far
from bot.core.text import clean, clip, clip_start, duration, one_line
from bot.slack.blocks import Block, code, context, date, entities, escape, link, preformatted, section
from bot.slack.ids import FALLBACK_TEXT, PREFORMATTED_TEXT, Id

RESULT = 1200  # characters of a result in a thread: a screen of a phone
TRACEBACK = 1000  # the end tells most; the whole is behind the link
CHANGES = 20  # lines of changed values
ICONS = {"SUCCESS": ":white_check_mark:", "FAILURE": ":x:", "REVOKED": ":no_entry:"}
STATE_ICONS = {
    RunState.QUEUED: ":grey_question:",
    RunState.SENT: ":hourglass_flowing_sand:",
    RunState.UNKNOWN: ":grey_question:",
    RunState.RUNNING: ":arrow_forward:",
    RunState.OVERDUE: ":warning:",
}

CLOSED_BECAUSE = {  # Slack's code -> words for the requester
    "channel_not_found": "I'm not a member of it (`/invite` me to change that)",
    "not_in_channel": "I'm not a member of it (`/invite` me to change that)",
    "is_archived": "it is archived",
    "thread_not_found": "its thread is gone",
    "restricted_action_thread_locked": "its thread is locked",
    "restricted_action_read_only_channel": "it is read-only",
    "restricted_action": "posting there is restricted",
}


def message(report: Report) -> dict[str, Any]:
    """Arguments of chat.postMessage or chat.update, without the destination.

    `text` is what notifications and screen readers use; it says in one line what happened.
    """
    text, blocks = BUILDERS[report.kind](report)
    return {"text": clip(text, FALLBACK_TEXT), "blocks": blocks, "metadata": metadata(report)}


def metadata(report: Report) -> dict[str, Any]:
    """Finds the message again if Slack's answer was lost. Anybody in the workspace can read it."""
    kind = NoticeKind.ROOT if report.kind is NoticeKind.PROGRESS else report.kind
    return {"event_type": Id.NOTICE_EVENT, "event_payload": {"run": str(report.run), "kind": kind.value}}


def _root(report: Report) -> tuple[str, list[Block]]:
    icon, state = _state(report)
    name = escape(report.schedule)
    blocks = [section(f"{icon} {_who(report)} ran *{link(report.run_link, name)}*: {state}")]
    if report.changes:
        blocks.append(preformatted(_changes(report.changes)))
    notes = [f"{code(report.task)} · {date(report.created_at)}"]
    if not report.changes:
        notes.append("stored arguments")
    if report.redirected_from:
        notes.append(_elsewhere(report.redirected_from, report.redirected_because))
    return f"{entities(one_line(report.schedule))}: {_plain_state(report)}", [*blocks, context(" · ".join(notes))]


def _elsewhere(channel: ChannelId, code: str) -> str:
    """Why the thread isn't where it was asked for. Nobody can invite us to a direct message, nor link to one."""
    if channel.startswith("D"):
        return "Here because I can't post in other people's direct messages."
    because = CLOSED_BECAUSE.get(code, f"Slack says {escape(code)}")
    return f"Here because I can't post in <#{channel}>: {because}."


def _id(report: Report) -> tuple[str, list[Block]]:
    blocks = [
        section(
            f"Task id `{report.task_id}`" + (f" · {link(report.result_link, 'result')}" if report.result_link else "")
        )
    ]
    if report.sent_at is None and report.outcome is None:
        blocks.append(
            context("It may or may not have been sent; it is not sent again. This thread tells what becomes of it.")
        )
    return f"Task id {report.task_id}", blocks


def _deadline(report: Report) -> tuple[str, list[Block]]:
    name = escape(report.schedule)
    if report.outcome is not None:
        known = f"It began {date(report.outcome.started_at or report.outcome.at)}; since {date(report.outcome.at)} there has been no word."
    elif report.sent_at is not None:
        known = (
            f"It was sent {date(report.sent_at)}, and no worker has said anything since. Is one listening on its queue?"
        )
    else:
        known = "It may or may not have been sent, and no worker has said anything. It is not sent again."
    text = f"No word yet about {entities(one_line(report.schedule))}"
    return text, [
        section(
            f":warning: {_who(report)} No word yet about *{name}*. {known} If a result lands later, it still comes here."
        )
    ]


def _final(report: Report) -> tuple[str, list[Block]]:
    icon, _ = _state(report)
    status, took = escape(report.status), _took(report)
    blocks = [section(f"{icon} {_who(report)} *{status}*: {link(report.run_link, escape(report.schedule))}{took}")]
    outcome = report.outcome
    if outcome is not None:
        blocks += _result(outcome, report.result_link)
    said = f" – {entities(clip(one_line(outcome.result), 150))}" if outcome and outcome.result else ""
    return f"{entities(one_line(report.schedule))}: {report.status}{took}{said}", blocks


def _result(outcome: Outcome, address: str) -> list[Block]:
    """The result, or the exception and the end of its traceback; and what was left out, if anything was."""
    blocks, notes = [], []
    result, traceback = clean(outcome.result).strip(), clean(outcome.traceback).strip()
    if result:
        blocks.append(preformatted(clip(result, RESULT)))
        if max(outcome.result_length, len(result)) > RESULT:
            notes.append(f"Shortened from {outcome.result_length:,} characters.")
    if traceback:
        blocks.append(preformatted(clip_start(traceback, TRACEBACK)))
        if len(traceback) > TRACEBACK:
            notes.append("The traceback's end.")
    if notes and address:
        notes.append(link(address, "All of it"))
    return [*blocks, context(" ".join(notes))] if notes else blocks


def _who(report: Report) -> str:
    """Mentions the requester; somebody without a Slack account is named."""
    return f"<@{report.requester}>" if report.requester else f"*{escape(report.name) or 'Somebody'}*"


def _took(report: Report) -> str:
    return "" if report.duration is None else f" after {duration(report.duration)}"


def _state(report: Report) -> tuple[str, str]:
    if report.state == RunState.FINISHED:
        return ICONS.get(report.status, ":grey_question:"), f"*{escape(report.status)}*{_took(report)}"
    state = RunState(report.state)
    icon, words = STATE_ICONS[state], how_far(state, report.status)
    if report.state == RunState.RUNNING and report.outcome and report.outcome.result:
        words = f"{words} · {escape(report.outcome.result)}"
    return icon, words


def _plain_state(report: Report) -> str:
    if report.state == RunState.FINISHED:
        return f"{report.status}{_took(report)}"
    return how_far(RunState(report.state), report.status)


def _changes(changes: tuple[Change, ...]) -> str:
    """One line a value: `days: 7 -> 30`."""
    lines = [f"{one_line(c.name)}: {_value(c.old)} -> {_value(c.new)}" for c in changes[:CHANGES]]
    if len(changes) > CHANGES:
        lines.append(f"… and {len(changes) - CHANGES} more")
    return clip("\n".join(lines), PREFORMATTED_TEXT)


def _value(value: str | None) -> str:
    return "(not set)" if value is None else clip(one_line(value), 200)


BUILDERS = {
    NoticeKind.ROOT: _root,
    NoticeKind.PROGRESS: _root,
    NoticeKind.ID: _id,
    NoticeKind.DEADLINE: _deadline,
    NoticeKind.FINAL: _final,
}
