"""The modal, as pure functions of what it shows."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import arguments
from bot.core.arguments import LABELS
from bot.core.model import Brief, Field, Look, Matches, Problem, Running, Target
from bot.core.target import words
from bot.core.text import clean, clip, clip_middle, one_line
from bot.slack.blocks import Block, code, context, date, escape, plain, preformatted, section
from bot.slack.ids import (
    INPUT_PREFIX,
    INPUT_TEXT,
    OPTION_DESCRIPTION,
    OPTION_TEXT,
    SUGGESTION_BYTES,
    Id,
)
from bot.slack.metadata import Metadata

NAMES = {Field.ARGS: "arguments", Field.KWARGS: "keyword arguments"}
DISABLED = " (disabled)"


def empty(metadata: Metadata, note: str = "") -> Block:
    """The modal as it opens."""
    return _modal(metadata, [_picker(None), *([section(note)] if note else [])])


def no_schedules(metadata: Metadata) -> Block:
    text = "*There are no schedules yet.* Somebody can add one in the site's admin, under _Periodic tasks_."
    view = _modal(metadata, [section(text)])
    del view["submit"]
    return view


def chosen(metadata: Metadata, look: Look, *, nonce: str, note: str = "") -> Block:
    """With a schedule's details and its stored values; `nonce` makes the inputs' block ids fresh."""
    schedule = look.schedule
    metadata = replace(metadata, schedule=schedule.id, fingerprint=schedule.fingerprint)
    brief = Brief(id=schedule.id, name=schedule.name, task=schedule.task, enabled=schedule.enabled)
    blocks = [_picker(brief), *([section(note)] if note else []), *_details(look)]
    for field, text in ((Field.ARGS, schedule.args), (Field.KWARGS, schedule.kwargs)):
        blocks += _stored_value(field, text, f"{schedule.id}:{nonce}")
    return _modal(metadata, blocks)


def gone(metadata: Metadata) -> Block:
    """The picked schedule was deleted meanwhile."""
    return empty(metadata, ":warning: That schedule no longer exists. Pick another one.")


def suggestions(matches: Matches) -> Block:
    """The picker's menu; says in a group's label when there is more than is shown."""
    options = [option(brief) for brief in matches.first]
    while True:
        answer: Block = {"options": options}
        if len(options) < matches.total:
            label = f"{len(options)} of {matches.total}, keep typing"
            answer = {"option_groups": [{"label": plain(label), "options": options}]}
        size = len(json.dumps(answer))
        if size <= SUGGESTION_BYTES:
            return answer
        options = options[: min(len(options) - 1, len(options) * SUGGESTION_BYTES // size)]


NO_SUGGESTIONS: Block = {"options": []}


def option(brief: Brief) -> Block:
    mark = "" if brief.enabled else DISABLED
    return {
        "text": plain(clip_middle(_label(brief.name), OPTION_TEXT - len(mark)) + mark),
        "value": str(brief.id),
        "description": plain(clip_middle(_label(brief.task), OPTION_DESCRIPTION)),
    }


def _label(text: str) -> str:
    label = clean(text).replace("\n", " ").replace("\t", " ")
    return label if label.strip() else "?"


def errors(problems: list[Problem], inputs: dict[Field, str]) -> dict[str, str]:
    """Slack's `errors`: block id of an input -> text. What has no input of its own is said under the picker."""
    texts: dict[str, list[str]] = {}
    for problem in problems:
        texts.setdefault(inputs.get(problem.field, Id.SCHEDULE_BLOCK), []).append(problem.text)
    return {block: clip("\n".join(lines), 2000) for block, lines in texts.items()}


def _modal(metadata: Metadata, blocks: list[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": Id.RUN_MODAL,
        "private_metadata": metadata.dump(),
        "title": plain("Run a schedule"),
        "submit": plain("Run"),
        "close": plain("Cancel"),
        "blocks": blocks,
    }


def _picker(selected: Brief | None) -> Block:
    select: dict[str, Any] = {
        "type": "external_select",
        "action_id": Id.SCHEDULE_SELECT,
        "placeholder": plain("Type a part of its name or task"),
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
        "label": plain("Schedule"),
        "element": select,
    }


def _details(look: Look) -> list[Block]:
    schedule, last = look.schedule, look.last
    lines = [code(schedule.task), f":calendar: {escape(look.when)}"]
    if not schedule.enabled:
        lines.append(":double_vertical_bar: *Disabled*: beat doesn't run it by itself; you can.")
    if schedule.description.strip():
        lines.insert(0, escape(schedule.description, 500))
    if look.running is not None:
        lines.append(
            f":arrows_counterclockwise: *Already running* since {date(look.running.since)}{_by(look.running)}."
        )
    if look.listened is False:
        lines.append(":warning: *No live worker listens on its queue.* It would wait there until one does.")
    lines += [f":warning: {escape(problem.text, 500)}" for problem in look.problems]
    ended = f"Last run: *{escape(last.status)}*, {date(last.at)}" if last else "No run of it is known yet."
    return [section("\n".join(lines)), context(ended, f"Goes to {_target(look.target)}")]


def _by(running: Running) -> str:
    if running.requester:
        return f", asked for by <@{running.requester}>"
    return f", asked for by {escape(running.name)}" if running.name else ""


def _target(target: Target) -> str:
    """Where it will be sent, and how."""
    parts = [
        f"{name} {date(value)}" if isinstance(value, datetime) else f"{name} {code(value, 500)}"
        for name, value in words(target)
    ]
    if target.past_expires is not None:
        parts.append(f"without the schedule's end {date(target.past_expires)}, which is past")
    if not target.is_registered:
        parts.append("by name: this bot doesn't know the task, so its own options and parameters can't be checked")
    return ", ".join(parts) or "where its exchange decides"


def _stored_value(field: Field, text: str, suffix: str) -> list[Block]:
    text = arguments.stored(text, field)
    shown, problems = arguments.editable(text, field)
    shown = shown if len(shown) <= INPUT_TEXT else text
    problem = "\n".join(found.text for found in problems)
    blocks: list[Block] = []
    if problem:
        blocks += [
            section(f":warning: *The stored {NAMES[field]} can't be sent as they are:*"),
            preformatted(clean(clip(problem, 2000))),
        ]
    if len(shown) > INPUT_TEXT:
        size = f"{len(text):,} characters"
        too_long = f"*{LABELS[field]}*: {size}, too long to edit here (Slack allows {INPUT_TEXT:,}). "
        return [
            *blocks,
            section(too_long + ("Correct them in the admin." if problem else "They will be sent as stored.")),
        ]
    return [*blocks, _input(field, shown, suffix)]


def _input(field: Field, text: str, suffix: str) -> Block:
    return {
        "type": "input",
        "block_id": INPUT_PREFIX[field] + suffix,
        "label": plain(LABELS[field]),
        "hint": plain(arguments.MEANS[field]),
        "element": {"type": "plain_text_input", "action_id": Id.JSON_INPUT, "multiline": True, "initial_value": text},
    }


def ambiguous(typed: str, matches: int) -> str:
    """What the modal says when the command's text doesn't name one schedule."""
    name = f"“{escape(one_line(typed), 100)}”"
    if matches:
        return f":mag: {name} fits {matches} schedules. Pick the one you mean."
    return f":mag: No schedule's name has {name} in it. Pick one."
