"""How far a run is, in words and as an icon."""

from bot.core.status import RunState
from bot.core.text import duration
from bot.slack import texts
from bot.slack.blocks import escape
from bot.texts import state_text


def icon(state: RunState, status: str) -> str:
    if state is RunState.FINISHED:
        return texts.ICONS.get(status, texts.OTHER_ICON)
    return texts.STATE_ICONS[state]


def how_far(state: RunState, status: str, seconds: float | None) -> str:
    """The run's state in words. `seconds`: how long an ended run took, if that is known."""
    if state is not RunState.FINISHED:
        return escape(state_text(state, status))
    text = texts.ENDED if seconds is None else texts.ENDED_AFTER
    return text.format(status=escape(status), duration="" if seconds is None else duration(seconds))
