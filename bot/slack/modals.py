"""The form, as pure functions of the values that it shows."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.core.again import AS_STORED, Fill
from bot.core.model import Brief, Field, Matches, Preview, Shown
from bot.core.reasons import Problem
from bot.core.rights import REASON_LIMIT
from bot.core.text import clean, clip, clip_middle, one_line
from bot.slack import approval_texts, filling, texts
from bot.slack.blocks import (
    Block,
    Level,
    Note,
    alerts,
    escape,
    fit_plain,
    label,
    plain,
    preformatted,
    refusal,
    section,
)
from bot.slack.details import details
from bot.slack.ids import (
    ANSWER_BYTES,
    ERROR_TEXT,
    INPUT_PREFIX,
    INPUT_TEXT,
    OPTION_DESCRIPTION,
    OPTION_TEXT,
    OPTIONS,
    Id,
)
from bot.slack.metadata import Metadata
from bot.texts import LABELS, hint, places, problem_text, sentence

NO_SUGGESTIONS: Block = {"options": []}
GONE = Note(Level.WARNING, texts.GONE)
NOT_SHOWN_YET = Note(Level.WARNING, texts.NOT_SHOWN_YET)
WAITING = Note(Level.INFO, texts.WAITING)


def empty(metadata: Metadata, *notes: Note) -> Block:
    """The form without a picked schedule."""
    return _form(metadata, [_picker(None), *alerts(*notes)])


def no_schedules(metadata: Metadata) -> Block:
    return {**_modal([section(texts.NO_SCHEDULES)]), "private_metadata": metadata.dump()}


def text_only(text: str) -> Block:
    """A modal that only shows a text, for when Slack has no other way to tell the person."""
    return {**_modal([section(text)]), "title": plain(texts.NOTE_TITLE), "close": plain(texts.CLOSE)}


def chosen(
    metadata: Metadata,
    preview: Preview,
    *,
    nonce: str,
    notes: tuple[Note, ...] = (),
    fill: Fill = AS_STORED,
    is_favourite: bool = False,
) -> Block:
    """The form with a schedule's details, and its stored values or those of a run.

    `nonce` makes the block ids of the inputs new. `metadata` must say from which run the form is filled.
    """
    schedule, again = preview.schedule, fill.again
    suffix = f"{schedule.id}:{nonce}"
    metadata = replace(metadata, schedule=schedule.id, fingerprint=(again or preview).fingerprint)
    brief = Brief(id=schedule.id, name=schedule.name, task=schedule.task, enabled=schedule.enabled)
    blocks = [_picker(brief), *filling.menu(fill, suffix), *alerts(*notes)]
    blocks += [*(filling.heading(again) if again else []), *details(preview, suffix, is_favourite=is_favourite)]
    limits = preview.limits
    if limits.denied is not None:  # the person can't run it with any values
        denied = Note(Level.ERROR, refusal(limits.denied))
        return _form(metadata, [*blocks, *alerts(denied)])
    problems = again.problems if again else limits.problems
    blocks += alerts(*(Note(Level.WARNING, escape(sentence(problem), 500)) for problem in problems))
    for field, value in (again.values if again else preview.stored).items():
        blocks += _value(field, value, suffix, is_of_a_run=again is not None)
    return _form(metadata, [*blocks, *([_reason(limits.reason_for, suffix)] if limits.asks_why else [])])


def gone(metadata: Metadata) -> Block:
    """The form if the picked schedule was deleted meanwhile."""
    return empty(metadata, GONE)


def suggestions(matches: Matches, favourites: Sequence[Brief] = ()) -> Block:
    """The picker's menu, favourites first. A group's label says when there are more matches than are shown."""
    own = [option(brief) for brief in favourites]
    known = {brief.id for brief in favourites}
    choices = [option(brief) for brief in matches.first if brief.id not in known][: OPTIONS - len(own)]
    while True:
        answer = _menu(own, choices, matches.total)
        size = len(json.dumps(answer))
        if size <= ANSWER_BYTES:
            return answer
        choices = choices[: min(len(choices) - 1, len(choices) * ANSWER_BYTES // size)]


def _menu(own: list[Block], choices: list[Block], total: int) -> Block:
    shown = len(own) + len(choices)
    heading = texts.KEEP_TYPING.format(shown=shown, total=total) if shown < total else texts.ALL_SCHEDULES
    if not own and shown >= total:
        return {"options": choices}
    groups = [(texts.FAVOURITES, own), (heading, choices)]
    return {"option_groups": [{"label": plain(text), "options": options} for text, options in groups if options]}


def option(brief: Brief) -> Block:
    mark = "" if brief.enabled else texts.DISABLED_MARK
    return {
        "text": plain(fit_plain(label(brief.name), OPTION_TEXT - len(mark), clip_middle) + mark),
        "value": str(brief.id),
        "description": plain(fit_plain(label(brief.exact_task), OPTION_DESCRIPTION, clip_middle)),
    }


def errors(problems: list[Problem], inputs: dict[Field, str]) -> dict[str, str]:
    """Slack's `errors`: from an input's block id to a text. Problems of a field without an input appear under the picker."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(inputs.get(Field(problem.field), Id.SCHEDULE_BLOCK), []).append(problem_text(problem))
    return {block: clip("\n".join(lines), ERROR_TEXT) for block, lines in found.items()}


def error(text: str) -> dict[str, str]:
    """Slack's `errors` for a text under the picker."""
    return {Id.SCHEDULE_BLOCK.value: clip(text, ERROR_TEXT)}


def ambiguous(typed: str, matches: int) -> Note:
    """The form's note if the command's text doesn't name exactly one schedule."""
    text = texts.SEVERAL_MATCH if matches else texts.NONE_MATCHES
    told = text.format(typed=escape(one_line(typed), 100), number=matches)
    return Note(Level.INFO, f"{told} {texts.VALUES_IN_MENTION}" if "=" in typed else told)


def _form(metadata: Metadata, blocks: list[Block]) -> Block:
    """If it isn't known where to report, the form asks. That block keeps its id, so that what was picked in it stays there."""
    asks = [_report_in()] if metadata.place is None else []
    return {**_modal([*blocks, *asks]), "private_metadata": metadata.dump(), "submit": plain(texts.RUN)}


def _modal(blocks: list[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": Id.RUN_MODAL,
        "title": plain(texts.TITLE),
        "close": plain(texts.CANCEL),
        "blocks": blocks,
    }


def _report_in() -> Block:
    return {
        "type": "input",
        "block_id": Id.REPORT_BLOCK,
        "optional": True,
        "label": plain(texts.REPORT_IN),
        "hint": plain(texts.REPORT_IN_HINT),
        "element": {
            "type": "conversations_select",
            "action_id": Id.REPORT_SELECT,
            "placeholder": plain(texts.REPORT_IN_PLACEHOLDER),
            "filter": {"include": ["public", "private"]},  # a bot can't be invited to other people's direct messages
        },
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


def _value(field: Field, stored: Shown, suffix: str, *, is_of_a_run: bool) -> list[Block]:
    shown = stored.fitting(INPUT_TEXT)
    blocks: list[Block] = []
    if stored.problems:
        found = clean(clip("\n".join(map(problem_text, stored.problems)), 2000))
        blocks += [*alerts(Note(Level.WARNING, texts.UNSENDABLE[field])), preformatted(found)]
    if shown is None:
        return [*blocks, section(_too_long(field, stored, is_of_a_run=is_of_a_run))]
    told = hint(field, shown, is_of_a_run=is_of_a_run, foreign=stored.foreign)
    return [*blocks, _input(field, shown, suffix, told)]


def _too_long(field: Field, stored: Shown, *, is_of_a_run: bool) -> str:
    words = texts.TOO_LONG_SENT_AGAIN if is_of_a_run else texts.TOO_LONG_TO_EDIT
    if stored.foreign:
        words = texts.TOO_LONG_AND_FOREIGN
    if stored.problems:
        words = texts.TOO_LONG_AND_UNSENDABLE
    where = escape(places(stored.foreign))
    return words.format(label=LABELS[field], length=len(stored.compact), limit=INPUT_TEXT, where=where)


def _reason(rule: str, suffix: str) -> Block:
    """The input for a reason. `rule`: the rule that requires a reason. Empty: a reason is optional, and for the approvers."""
    element = {"type": "plain_text_input", "action_id": Id.JSON_INPUT, "multiline": False, "max_length": REASON_LIMIT}
    why = texts.REASON_HINT.format(rule=clip(one_line(rule), 100)) if rule else approval_texts.REASON_HINT
    return {
        "type": "input",
        "block_id": INPUT_PREFIX[Field.REASON] + suffix,
        "optional": not rule,
        "label": plain(texts.REASON_LABEL),
        "hint": plain(why),
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
