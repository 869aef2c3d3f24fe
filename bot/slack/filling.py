"""The form's menu “Fill in from”, and its heading about the chosen run. Pure functions."""

from bot.change_texts import short_lines, told
from bot.core.again import Again, Earlier, Fill
from bot.core.status import RunState
from bot.slack import texts
from bot.slack.blocks import (
    CHANGES,
    Block,
    Level,
    Note,
    alerts,
    date,
    entities,
    escape,
    fit_plain,
    label,
    person,
    plain,
    preformatted,
    section,
)
from bot.slack.ids import FILL_PREFIX, OPTION_DESCRIPTION, OPTION_TEXT, STORED, Id
from bot.texts import state_text


def menu(fill: Fill, suffix: str) -> list[Block]:
    """The menu “Fill in from”: the stored values, and earlier runs. Empty if there are no runs."""
    chosen = fill.again.run if fill.again else None
    runs = {run.run: run for run in fill.recent}
    if chosen:
        runs.setdefault(chosen.run, chosen)
    if not runs:
        return []
    stored = {"text": plain(texts.STORED_VALUES), "value": STORED}
    options = {run.run: _option(run) for run in sorted(runs.values(), key=lambda run: run.run, reverse=True)}
    select = {
        "type": "static_select",
        "action_id": Id.FILL_SELECT,
        "options": [stored, *options.values()],
        "initial_option": options[chosen.run] if chosen else stored,
    }
    return [
        {
            "type": "input",
            "block_id": FILL_PREFIX + suffix,
            "dispatch_action": True,
            "label": plain(texts.FILL_IN_FROM),
            "element": select,
        }
    ]


def heading(again: Again) -> list[Block]:
    """The run's requester, how its values differ from the schedule now, and how the schedule has changed since the run."""
    run = again.run
    who = person(run.requester, run.name)
    text = texts.AS_RUN.format(who=who, at=date(run.at, "date_short"), ended=escape(_state(run)))
    blocks = [section(f"{text}\n{texts.DIFFERS_NOW if again.differences else texts.SAME_AS_NOW}")]
    if again.differences:
        blocks.append(preformatted("\n".join(told(again.differences, CHANGES).lines)))
    if again.since or again.settings:
        changed = Note(Level.WARNING, texts.CHANGED_SINCE)
        blocks += [*alerts(changed), preformatted("\n".join(told(again.since, CHANGES, again.settings).lines))]
    return blocks


def _option(run: Earlier) -> Block:
    """The run as an option of the menu. Options are plain text: without mentions, and without the reader's time zone."""
    changes = "; ".join(short_lines(run.changes)) or texts.STORED_ARGUMENTS
    rest = texts.EARLIER_RUN.format(who="", at=f"{run.at:%Y-%m-%d %H:%M %Z}".rstrip(), ended=fit_plain(_state(run), 30))
    who = fit_plain(label(run.name or texts.SOMEBODY), OPTION_TEXT - len(entities(rest)))
    return {
        "text": plain(f"{who}{rest}"),
        "value": str(run.run),
        "description": plain(fit_plain(label(changes), OPTION_DESCRIPTION)),
    }


def _state(run: Earlier) -> str:
    return run.status if run.state == RunState.FINISHED else state_text(RunState(run.state), run.status)
