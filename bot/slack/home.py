"""The Home tab, as pure functions of the values that it shows. Foreign text in them may be hostile."""

from bot.core.model import Brief
from bot.core.policy import Denied
from bot.core.status import RunState
from bot.core.text import clip_middle, exact
from bot.runs.homes import Contents
from bot.runs.own import OwnRun
from bot.slack import approval_texts, approvals, texts
from bot.slack.blocks import Block, button, buttons, code, context, date, header, link, plain, refusal, section
from bot.slack.ids import Id
from bot.slack.lists import open_runs, short_name
from bot.slack.modals import option
from bot.slack.states import how_far, icon

TASK = 120  # characters of a task's name in a list


def view(contents: Contents, note: str = "") -> Block:
    """`note`: a sentence about what the reader has just pressed."""
    blocks = [section(texts.WARNING.format(text=note))] if note else []
    if not contents.has_schedules:
        return _home([*blocks, section(texts.NO_SCHEDULES)])
    run = button(Id.HOME_RUN, texts.TITLE, "0") | {"style": "primary"}
    blocks += [*buttons(run), header(approval_texts.WAITING), *approvals.on_home(contents.waiting)]
    running = open_runs(contents.now, Id.HOME_STOP) or [context(texts.HOME_NOTHING_RUNNING)]
    blocks += [header(texts.HOME_RUNNING), *running]
    blocks += [header(texts.HOME_FAVOURITES), *_favourites(contents.favourites)]
    blocks += [header(texts.HOME_LAST), *_last(contents.last)]
    return _home([*blocks, {"type": "divider"}, context(texts.HOME_AS_OF.format(at=date(contents.at)))])


def refused(denied: Denied) -> Block:
    """The tab of somebody who may see nothing. It says why, and what helps."""
    return _home([section(texts.REFUSED.format(text=refusal(denied))), context(texts.HOME_REFUSED)])


def failed(why: str) -> Block:
    return _home([section(texts.WARNING.format(text=why))])


def _home(blocks: list[Block]) -> Block:
    return {"type": "home", "callback_id": Id.HOME, "blocks": blocks}


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
    what = text.format(schedule=short_name(brief.name), task=code(clip_middle(exact(brief.task), TASK)))
    return section(what, accessory=button(Id.HOME_RUN_FAVOURITE, texts.RUN, str(brief.id)))


def _last(runs: tuple[OwnRun, ...]) -> list[Block]:
    return [_own_run(run) for run in runs] or [context(texts.HOME_NO_RUNS)]


def _own_run(run: OwnRun) -> Block:
    # A run that has just been approved may be in two lists, with the same button. Slack refuses a view with equal block ids.
    block_id = f"last:{run.run}"
    what = texts.HOME_ENDED.format(
        icon=icon(run.state, run.status),
        schedule=link(run.thread or run.page, short_name(run.schedule)),
        state=how_far(run.state, run.status, run.duration),
        at=date(run.at),
    )
    if run.state is RunState.WAITING:
        return section(what, block_id=block_id, accessory=approvals.withdraw_button(run.run, Id.HOME_STOP))
    again = button(Id.HOME_RUN_AGAIN, texts.RUN_AGAIN, str(run.run))
    return section(what, block_id=block_id, accessory=again)
