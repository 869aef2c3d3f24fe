"""The Home tab, as pure functions of the values that it shows. Foreign text in them may be hostile."""

from bot.core.model import Brief
from bot.core.policy import Denied
from bot.core.text import clip_middle, one_line
from bot.runs.homes import Contents
from bot.runs.now import Now, OpenRun
from bot.runs.own import OwnRun
from bot.slack import texts
from bot.slack.blocks import Block, button, buttons, code, context, date, escape, header, link, plain, section
from bot.slack.ids import Id
from bot.slack.messages import how_far, icon, stop_button
from bot.slack.modals import option
from bot.texts import sentence

NAME, TASK = 100, 120  # characters of a schedule's name and task in a list


def view(contents: Contents, note: str = "") -> Block:
    """`note`: a sentence about what the reader has just pressed."""
    blocks = [section(texts.WARNING.format(text=note))] if note else []
    if not contents.has_schedules:
        return _home([*blocks, section(texts.NO_SCHEDULES)])
    run = button(Id.HOME_RUN, texts.TITLE, "0") | {"style": "primary"}
    blocks += [*buttons(run), header(texts.HOME_RUNNING), *_running(contents.now)]
    blocks += [header(texts.HOME_FAVOURITES), *_favourites(contents.favourites)]
    blocks += [header(texts.HOME_LAST), *_last(contents.last)]
    return _home([*blocks, {"type": "divider"}, context(texts.HOME_AS_OF.format(at=date(contents.at)))])


def refused(denied: Denied) -> Block:
    """For somebody who may see nothing: why, and what helps."""
    return _home([section(texts.REFUSED.format(text=sentence(denied))), context(texts.HOME_REFUSED)])


def failed() -> Block:
    return _home([section(texts.WARNING.format(text=texts.SORRY))])


def _home(blocks: list[Block]) -> Block:
    return {"type": "home", "callback_id": Id.HOME, "blocks": blocks}


def _running(now: Now) -> list[Block]:
    if not now.first:
        return [context(texts.HOME_NOTHING_RUNNING)]
    blocks = [_open_run(run) for run in now.first]
    if now.more:
        more = texts.HOME_MANY_MORE if now.is_more_at_least else texts.HOME_MORE
        blocks.append(context(more.format(number=now.more)))
    return blocks


def _open_run(run: OpenRun) -> Block:
    """Others' threads may be in places where the reader isn't, so their links lead to the run's page."""
    address = (run.thread or run.page) if run.is_own else run.page
    who = f"<@{run.requester}>" if run.requester else f"*{escape(run.name) or texts.SOMEBODY}*"
    lines = [
        (texts.HOME_OPEN_OWN if run.is_own else texts.HOME_OPEN).format(
            icon=icon(run.state, run.status),
            schedule=link(address, _name(run.schedule)),
            state=how_far(run.state, run.status, None),
            who=who,
            at=date(run.since),
        )
    ]
    if run.is_stopping:
        lines.append(texts.HOME_STOPPING)
    stop = {"accessory": stop_button(Id.HOME_STOP, run.run)} if run.can_stop else {}
    return section("\n".join(lines), **stop)


def _favourites(favourites: tuple[Brief, ...]) -> list[Block]:
    if not favourites:
        return [context(texts.HOME_NO_FAVOURITES)]
    unstar = {
        "type": "static_select",
        "action_id": Id.HOME_UNSTAR,
        "placeholder": plain(texts.HOME_UNSTAR),
        "options": [option(brief) for brief in favourites],
    }
    return [*map(_favourite, favourites), *buttons(unstar)]


def _favourite(brief: Brief) -> Block:
    text = texts.HOME_FAVOURITE if brief.enabled else texts.HOME_FAVOURITE_DISABLED
    what = text.format(schedule=_name(brief.name), task=code(clip_middle(one_line(brief.task), TASK)))
    return section(what, accessory=button(Id.HOME_RUN_FAVOURITE, texts.RUN, str(brief.id)))


def _last(runs: tuple[OwnRun, ...]) -> list[Block]:
    return [_own_run(run) for run in runs] or [context(texts.HOME_NO_RUNS)]


def _own_run(run: OwnRun) -> Block:
    what = texts.HOME_ENDED.format(
        icon=icon(run.state, run.status),
        schedule=link(run.thread or run.page, _name(run.schedule)),
        state=how_far(run.state, run.status, run.duration),
        at=date(run.at),
    )
    return section(what, accessory=button(Id.HOME_RUN_AGAIN, texts.RUN_AGAIN, str(run.run)))


def _name(text: str) -> str:
    return escape(clip_middle(one_line(text), NAME))
