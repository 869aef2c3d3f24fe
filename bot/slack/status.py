"""The answer to `/runtask status`, as a pure function of what is running."""

from bot.core.model import Stopped
from bot.runs.now import Now, OpenRun
from bot.slack import texts
from bot.slack.blocks import Block, context, date, escape, link, section
from bot.slack.ids import Id
from bot.slack.messages import person, stop_button
from bot.texts import state_text, stop_text


def message(now: Now, command: str, note: str = "") -> Block:
    """`note`: what became of a press of Stop, as mrkdwn."""
    notes = [section(note)] if note else []
    if not now.first:
        text = texts.NOTHING_RUNS.format(command=command)
        return {"text": text, "blocks": [*notes, section(text)]}
    blocks = [*notes, section(texts.NOW), *map(_run, now.first)]
    if now.more:
        more = texts.NOT_SHOWN_AT_LEAST if now.is_more_at_least else texts.NOT_SHOWN
        blocks.append(context(more.format(number=now.more)))
    return {"text": texts.NOW_PLAIN.format(number=len(now.first) + now.more), "blocks": blocks}


def stopped(schedule: str, how: Stopped | None) -> str:
    """What became of a Stop."""
    who = "" if how is None else person(how.slack, how.name)
    return texts.STOP_OF.format(schedule=escape(schedule), why=stop_text(how, who))


def _run(run: OpenRun) -> Block:
    text = texts.OPEN_RUN.format(
        icon=texts.STATE_ICONS[run.state],
        schedule=link(run.thread or run.page, escape(run.schedule)),
        state=state_text(run.state, run.status),
        since=date(run.since),
        who=person(run.requester, run.name),
    )
    shown = section(f"{text} {texts.STOP_ASKED}" if run.is_stopping else text)
    return {**shown, "accessory": stop_button(Id.STOP_LISTED, run.run)} if run.can_stop else shown
