"""Messages that say only how far a run is, with a link and the task's id.

Another company reads their channel, too; or they are in a direct message with the requester, who may not see the schedule now.
An approver who may not see it reads not even that.
Names, values, reasons, results and errors are left out. This module names what may be shown, so a new field of a report stays
out until somebody adds it here.
"""

from bot.core.model import NoticeKind
from bot.core.report import Report
from bot.core.status import RunState, own
from bot.slack import external_texts, texts
from bot.slack.blocks import Block, buttons, context, link, section
from bot.slack.states import how_far, icon
from bot.texts import state_text

STATES_TOLD = {
    NoticeKind.DEADLINE: RunState.OVERDUE,
    NoticeKind.UNSEEN: RunState.UNSEEN,
    NoticeKind.FINAL: RunState.FINISHED,
    NoticeKind.AGAIN: RunState.FINISHED,
}  # the other notices show how far the run is now


def state_only(report: Report, actions: list[Block]) -> tuple[str, list[Block]]:
    """The message's text and blocks. `actions`: the buttons, which only the root has."""
    state = _told(report)
    seconds = report.duration
    status = "" if own(report.status) else report.status  # a task's own status may reveal what it does
    text, plain = external_texts.STATE, external_texts.PLAIN
    if report.kind is NoticeKind.AGAIN and report.later_end is not None:
        status, seconds = report.later_end.status, None
        text, plain = external_texts.AGAIN, external_texts.AGAIN_PLAIN
    if report.kind is NoticeKind.ID:  # a random id reveals nothing, and helps people to find the task
        return texts.TASK_ID_PLAIN.format(id=report.task_id), [section(texts.TASK_ID.format(id=report.task_id))]
    run = link(report.run_link, external_texts.RUN)
    blocks = [section(text.format(icon=icon(state, status), run=run, state=how_far(state, status, seconds)))]
    if report.kind in (NoticeKind.ROOT, NoticeKind.PROGRESS):
        note = external_texts.HIDDEN_NOTE if report.is_hidden else external_texts.NOTE
        blocks += [context(note), *buttons(*actions)]
    in_a_word = status if state is RunState.FINISHED else state_text(state, status)
    return plain.format(state=in_a_word), blocks


def _told(report: Report) -> RunState:
    """The state that the message is about. The run may be further by now, which its later messages say."""
    return STATES_TOLD.get(report.kind, RunState(report.state))
