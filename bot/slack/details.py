"""The part of the form that describes the picked schedule. Pure functions."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.core.model import Listening, Preview, Running, ScheduleId, Source, Target
from bot.option_texts import options
from bot.rule_texts import need_text
from bot.slack import texts
from bot.slack.blocks import Block, Level, Note, alerts, as_sent, button, code, context, date, escape, first_of, section
from bot.slack.ids import DETAILS_PREFIX, Id
from bot.texts import sentence


def details(preview: Preview, suffix: str, *, is_favourite: bool) -> list[Block]:
    """The schedule's task and times, its last run, where its message goes, and warnings."""
    schedule = preview.schedule
    lines = [code(schedule.task), texts.WHEN.format(when=escape(preview.when))]
    if schedule.description.strip():
        lines.insert(0, escape(schedule.description, 500))
    goes_to = texts.GOES_TO.format(target=_target(preview.target))
    what = section("\n".join(lines), block_id=DETAILS_PREFIX + suffix, accessory=_star(schedule.id, is_on=is_favourite))
    return [*alerts(*_warnings(preview)), what, context(*_last(preview), goes_to)]


def _last(preview: Preview) -> Iterator[str]:
    """The line about the last run. There is none if the only known run is open, because a warning tells about that one."""
    if (last := preview.last) is not None:
        text = texts.LAST_RUN if last.status else texts.LAST_RUN_WITHOUT_END
        yield text.format(status=escape(last.status), at=date(last.at))
    elif preview.running is None:
        yield texts.NO_LAST_RUN


def _star(schedule: ScheduleId, *, is_on: bool) -> Block:
    """The button that makes the schedule a favourite, or no favourite any more."""
    if is_on:
        return button(Id.UNSTAR, texts.UNSTAR, str(schedule))
    return button(Id.STAR, texts.STAR, str(schedule))


def restarred(view: Mapping[str, Any], schedule: ScheduleId, *, is_on: bool) -> Block:
    """The form that Slack shows, with the other star button.

    Everything else stays, ids included, so that Slack keeps what the person has typed and chosen.
    """

    def with_star(block: Block) -> Block:
        has_star = str(block.get("block_id", "")).startswith(f"{DETAILS_PREFIX}{schedule}:")
        return {**block, "accessory": _star(schedule, is_on=is_on)} if has_star else block

    kept = ("type", "callback_id", "private_metadata", "title", "submit", "close")
    return {
        **{name: as_sent(view[name]) for name in kept if view.get(name)},
        "blocks": [with_star(as_sent(block)) for block in view["blocks"]],
    }


def _warnings(preview: Preview) -> Iterator[Note]:
    """Notes that a person should read before they press Run."""
    for problem in preview.problems:
        yield Note(Level.ERROR, escape(sentence(problem), 500))
    if preview.running is not None:
        yield Note(Level.WARNING, _already_running(preview.running))
    if preview.listening in texts.LISTENING:
        level = Level.WARNING if preview.listening is Listening.NO else Level.INFO
        yield Note(level, texts.LISTENING[preview.listening])
    for line in first_of([escape(need_text(need), 500) for need in preview.limits.needs]):
        yield Note(Level.INFO, line)
    if not preview.schedule.enabled:
        yield Note(Level.INFO, texts.DISABLED if preview.limits.denied is None else texts.DISABLED_AND_DENIED)
    if preview.source is Source.NONE:
        yield Note(Level.INFO, texts.NO_RESULTS)


def _already_running(running: Running) -> str:
    who = f"<@{running.requester}>" if running.requester else escape(running.name)
    if running.is_running:
        text = texts.ALREADY_RUNNING_BY if who else texts.ALREADY_RUNNING
    else:
        text = texts.OPEN_SINCE_BY if who else texts.OPEN_SINCE
    return text.format(since=date(running.since), who=who)


def _target(target: Target) -> str:
    parts = [
        f"{name} {date(value)}" if isinstance(value, datetime) else f"{name} {code(value, 500)}"
        for name, value in options(target)
    ]
    if target.past_expires is not None:
        parts.append(texts.WITHOUT_EXPIRY.format(at=date(target.past_expires)))
    if not target.is_registered:
        parts.append(texts.SENT_BY_NAME)
    return ", ".join(parts) or texts.GOES_TO_EXCHANGE
