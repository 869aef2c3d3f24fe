"""What the form says of a schedule besides its values. Pure functions."""

from collections.abc import Iterator
from datetime import datetime

from bot.core.model import Listening, Preview, Running, Source, Target
from bot.option_texts import options
from bot.rule_texts import need_text
from bot.slack import texts
from bot.slack.blocks import Level, Note, code, date, escape
from bot.texts import sentence


def warnings(preview: Preview) -> Iterator[Note]:
    """What a person should know before they press Run."""
    for problem in preview.problems:
        yield Note(Level.ERROR, escape(sentence(problem), 500))
    if preview.running is not None:
        yield Note(Level.WARNING, _already_running(preview.running))
    if preview.listening in texts.LISTENING:
        level = Level.WARNING if preview.listening is Listening.NO else Level.INFO
        yield Note(level, texts.LISTENING[preview.listening])
    for need in preview.limits.needs:
        yield Note(Level.INFO, escape(need_text(need), 500))
    if not preview.schedule.enabled:
        yield Note(Level.INFO, texts.DISABLED)
    if preview.source is Source.NONE:
        yield Note(Level.INFO, texts.NO_RESULTS)


def _already_running(running: Running) -> str:
    who = f"<@{running.requester}>" if running.requester else escape(running.name)
    text = texts.ALREADY_RUNNING_BY if who else texts.ALREADY_RUNNING
    return text.format(since=date(running.since), who=who)


def where(target: Target) -> str:
    """Where a message goes."""
    parts = [
        f"{name} {date(value)}" if isinstance(value, datetime) else f"{name} {code(value, 500)}"
        for name, value in options(target)
    ]
    if target.past_expires is not None:
        parts.append(texts.WITHOUT_EXPIRY.format(at=date(target.past_expires)))
    if not target.is_registered:
        parts.append(texts.SENT_BY_NAME)
    return ", ".join(parts) or texts.GOES_TO_EXCHANGE
