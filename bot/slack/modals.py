"""The form, as pure functions of the values that it shows."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.again import AS_STORED, Fill
from bot.core.model import Brief, Field, Matches, Preview, Running, Shown, Source, Target
from bot.core.reasons import Problem
from bot.core.text import clean, clip, clip_middle, one_line
from bot.slack import filling, texts
from bot.slack.blocks import Block, code, context, date, entities, escape, label, plain, preformatted, section
from bot.slack.ids import (
    ERROR_TEXT,
    INPUT_PREFIX,
    INPUT_TEXT,
    OPTION_DESCRIPTION,
    OPTION_TEXT,
    REASON_TEXT,
    SUGGESTION_BYTES,
    Id,
)
from bot.slack.metadata import Metadata
from bot.texts import LABELS, hint, options, problem_text, sentence

NO_SUGGESTIONS: Block = {"options": []}


def empty(metadata: Metadata, note: str = "") -> Block:
    """The form as it opens."""
    return _modal(metadata, [_picker(None), *([section(note)] if note else [])])


def no_schedules(metadata: Metadata) -> Block:
    view = _modal(metadata, [section(texts.NO_SCHEDULES)])
    del view["submit"]
    return view


def chosen(metadata: Metadata, preview: Preview, *, nonce: str, note: str = "", fill: Fill = AS_STORED) -> Block:
    """The form with a schedule's details, and its stored values or those of a run.

    `nonce` makes the block ids of the inputs new. `metadata` must say from which run the form is filled.
    """
    schedule, again = preview.schedule, fill.again
    suffix = f"{schedule.id}:{nonce}"
    metadata = replace(metadata, schedule=schedule.id, fingerprint=again.fingerprint if again else schedule.fingerprint)
    brief = Brief(id=schedule.id, name=schedule.name, task=schedule.task, enabled=schedule.enabled)
    blocks = [_picker(brief), *filling.menu(fill, suffix), *([section(note)] if note else [])]
    blocks += [*(filling.heading(again) if again else []), *_details(preview)]
    limits = preview.limits
    if limits.denied is not None:  # whatever they type, they can't run it
        return _modal(metadata, [*blocks, section(texts.REFUSED.format(text=entities(sentence(limits.denied))))])
    if problems := again.problems if again else limits.problems:
        lines = [texts.WARNING.format(text=escape(sentence(problem), 500)) for problem in problems]
        blocks.append(section("\n".join(lines)))
    for field, value in (again.values if again else preview.stored).items():
        blocks += _value(field, value, suffix, is_of_a_run=again is not None)
    return _modal(metadata, [*blocks, *([_reason(limits.reason_for, suffix)] if limits.reason_for else [])])


def gone(metadata: Metadata) -> Block:
    """The form if the picked schedule was deleted meanwhile."""
    return empty(metadata, texts.GONE)


def suggestions(matches: Matches) -> Block:
    """The picker's menu. A group's label says when there are more matches than are shown."""
    choices = [option(brief) for brief in matches.first]
    while True:
        answer: Block = {"options": choices}
        if len(choices) < matches.total:
            label = texts.KEEP_TYPING.format(shown=len(choices), total=matches.total)
            answer = {"option_groups": [{"label": plain(label), "options": choices}]}
        size = len(json.dumps(answer))
        if size <= SUGGESTION_BYTES:
            return answer
        choices = choices[: min(len(choices) - 1, len(choices) * SUGGESTION_BYTES // size)]


def option(brief: Brief) -> Block:
    mark = "" if brief.enabled else texts.DISABLED_MARK
    return {
        "text": plain(clip_middle(label(brief.name), OPTION_TEXT - len(mark)) + mark),
        "value": str(brief.id),
        "description": plain(clip_middle(label(brief.task), OPTION_DESCRIPTION)),
    }


def errors(problems: list[Problem], inputs: dict[Field, str]) -> dict[str, str]:
    """Slack's `errors`: block id of an input -> text. Problems of a field without an input appear under the picker."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(inputs.get(Field(problem.field), Id.SCHEDULE_BLOCK), []).append(problem_text(problem))
    return {block: clip("\n".join(lines), ERROR_TEXT) for block, lines in found.items()}


def error(text: str) -> dict[str, str]:
    """The same, for a text under the picker."""
    return {Id.SCHEDULE_BLOCK.value: clip(text, ERROR_TEXT)}


def ambiguous(typed: str, matches: int) -> str:
    """The form's note if the command's text doesn't name exactly one schedule."""
    text = texts.SEVERAL_MATCH if matches else texts.NONE_MATCHES
    return text.format(typed=escape(one_line(typed), 100), number=matches)


def _modal(metadata: Metadata, blocks: list[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": Id.RUN_MODAL,
        "private_metadata": metadata.dump(),
        "title": plain(texts.TITLE),
        "submit": plain(texts.RUN),
        "close": plain(texts.CANCEL),
        "blocks": blocks,
    }


def _picker(selected: Brief | None) -> Block:
    select: dict[str, Any] = {
        "type": "external_select",
        "action_id": Id.SCHEDULE_SELECT,
        "placeholder": plain(texts.PLACEHOLDER),
        "min_query_length": 0,
    }
    if selected is None:
        select["focus_on_load"] = True
    else:
        select["initial_option"] = option(selected)
    return {
        "type": "input",
        "block_id": Id.SCHEDULE_BLOCK,
        "dispatch_action": True,
        "label": plain(texts.SCHEDULE),
        "element": select,
    }


def _details(preview: Preview) -> list[Block]:
    schedule, last = preview.schedule, preview.last
    lines = [code(schedule.task), texts.WHEN.format(when=escape(preview.when))]
    if not schedule.enabled:
        lines.append(texts.DISABLED)
    if schedule.description.strip():
        lines.insert(0, escape(schedule.description, 500))
    if preview.running is not None:
        lines.append(_already_running(preview.running))
    if preview.listening in texts.LISTENING:
        lines.append(texts.LISTENING[preview.listening])
    if preview.source is Source.NONE:
        lines.append(texts.NO_RESULTS)
    lines += [texts.WARNING.format(text=escape(sentence(problem), 500)) for problem in preview.problems]
    ended = texts.LAST_RUN.format(status=escape(last.status), at=date(last.at)) if last else texts.NO_LAST_RUN
    return [section("\n".join(lines)), context(ended, texts.GOES_TO.format(target=_target(preview.target)))]


def _already_running(running: Running) -> str:
    who = f"<@{running.requester}>" if running.requester else escape(running.name)
    text = texts.ALREADY_RUNNING_BY if who else texts.ALREADY_RUNNING
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


def _value(field: Field, stored: Shown, suffix: str, *, is_of_a_run: bool) -> list[Block]:
    shown = stored.text if len(stored.text) <= INPUT_TEXT else stored.compact
    blocks: list[Block] = []
    if stored.problems:
        found = clean(clip("\n".join(map(problem_text, stored.problems)), 2000))
        blocks += [section(texts.UNSENDABLE[field]), preformatted(found)]
    if len(shown) > INPUT_TEXT:
        too_long = texts.TOO_LONG_SENT_AGAIN if is_of_a_run else texts.TOO_LONG_TO_EDIT
        too_long = texts.TOO_LONG_AND_UNSENDABLE if stored.problems else too_long
        return [*blocks, section(too_long.format(label=LABELS[field], length=len(shown), limit=INPUT_TEXT))]
    return [*blocks, _input(field, shown, suffix, hint(field, shown, is_of_a_run=is_of_a_run))]


def _reason(rule: str, suffix: str) -> Block:
    element = {"type": "plain_text_input", "action_id": Id.JSON_INPUT, "multiline": False, "max_length": REASON_TEXT}
    return {
        "type": "input",
        "block_id": INPUT_PREFIX[Field.REASON] + suffix,
        "label": plain(texts.REASON_LABEL),
        "hint": plain(texts.REASON_HINT.format(rule=clip(one_line(rule), 100))),
        "element": element,
    }


def _input(field: Field, text: str, suffix: str, hint: str) -> Block:
    return {
        "type": "input",
        "block_id": INPUT_PREFIX[field] + suffix,
        "label": plain(LABELS[field]),
        "hint": plain(hint),
        "element": {"type": "plain_text_input", "action_id": Id.JSON_INPUT, "multiline": True, "initial_value": text},
    }
