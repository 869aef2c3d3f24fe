"""The answer to `/runtask status`, and to a press of Stop in it. Pure functions."""

from bot.core.report import Stopped
from bot.runs.now import Now
from bot.slack import texts
from bot.slack.blocks import Block, escape, person, section
from bot.slack.ids import Id
from bot.slack.lists import open_runs
from bot.texts import stop_text


def message(now: Now, command: str, note: str = "") -> Block:
    """The list of what is running. `note`: the result of a press of Stop, as mrkdwn."""
    notes = [section(note)] if note else []
    if not now.first:
        text = texts.NOTHING_RUNS.format(command=command)
        return {"text": text, "blocks": [*notes, section(text)]}
    blocks = [*notes, section(texts.NOW), *open_runs(now, Id.STOP_LISTED)]
    return {"text": texts.NOW_PLAIN.format(number=len(now.first) + now.more), "blocks": blocks}


def stopped(schedule: str, how: Stopped | None) -> str:
    """The note about a press of Stop."""
    who = "" if how is None else person(how.slack, how.name)
    return texts.STOP_OF.format(schedule=escape(schedule), why=stop_text(how, who))
