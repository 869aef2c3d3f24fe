"""Lists of open runs, as pure functions. Home and the answer to `/runtask status` show the same."""

from bot.core.text import clip_middle, one_line
from bot.runs.now import Now, OpenRun
from bot.slack import texts
from bot.slack.blocks import Block, context, date, escape, link, person, section
from bot.slack.ids import Id
from bot.slack.messages import stop_button
from bot.slack.states import how_far, icon

NAME = 100  # characters of a schedule's name in a list


def open_runs(now: Now, stop: Id) -> list[Block]:
    """`stop`: the action id of the buttons."""
    blocks = [_open_run(run, stop) for run in now.first]
    if now.more:
        more = texts.NOT_SHOWN_AT_LEAST if now.is_more_at_least else texts.NOT_SHOWN
        blocks.append(context(more.format(number=now.more)))
    return blocks


def _open_run(run: OpenRun, stop: Id) -> Block:
    """Other people's runs link to the run's page, because the reader may not be in the channel of the thread."""
    address = (run.thread or run.page) if run.is_own else run.page
    text = (texts.OPEN_RUN_OWN if run.is_own else texts.OPEN_RUN).format(
        icon=icon(run.state, run.status),
        schedule=link(address, short_name(run.schedule)),
        state=how_far(run.state, run.status, None),
        who=person(run.requester, run.name),
        at=date(run.since),
    )
    asked = texts.STOP_ASKED_OWN if run.is_own_stop else texts.STOP_ASKED
    lines = [text, asked] if run.is_stopping else [text]
    more = {"accessory": stop_button(stop, run.run)} if run.can_stop else {}
    return section("\n".join(lines), **more)


def short_name(schedule: str) -> str:
    return escape(clip_middle(one_line(schedule), NAME))
