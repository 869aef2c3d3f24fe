"""Makes the values that the pages show from runs, previews and problems."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from bot import texts as shared
from bot.change_texts import setting_text, short_lines
from bot.core import text
from bot.core.again import Again
from bot.core.arguments import LENGTH_LIMIT
from bot.core.model import Field, Preview, RunRequest, Shown
from bot.core.reasons import Problem
from bot.core.report import Stopped
from bot.core.rights import Limits
from bot.core.status import UNENDED, RunState
from bot.models import Run
from bot.option_texts import options
from bot.runs import masks
from bot.runs.report import stopped
from bot.web import texts

TONES = {
    RunState.WAITING: "waiting",
    RunState.SENT: "waiting",
    RunState.RUNNING: "waiting",
    RunState.NOT_SENT: "bad",
    RunState.DECLINED: "bad",
    RunState.LAPSED: "bad",
}
FINAL_TONES = {"SUCCESS": "good", "FAILURE": "bad"}
# How a progress text begins if the task counts its parts.
DONE_OF = re.compile(r"([0-9]+(?:\.[0-9]+)?) of ([1-9][0-9]*)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownProblem:
    """A problem of the form, for the page and its script."""

    field: str
    code: str
    sentence: str
    excerpt: str  # the line with the mistake, and a caret below it; may be empty
    line: int | None  # the mistake's place in the text area, from 1; None: it has none
    column: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A text area of the form. If `text` is None, only the help is shown."""

    name: str
    label: str
    help: str
    text: str | None = field(repr=False)  # not in the repr: somebody may have typed a secret. None: too long for a form
    problems: list[ShownProblem]
    rows: int  # the height, for browsers in which the area doesn't grow


def problem(problem: Problem) -> ShownProblem:
    place = problem.place
    sentence, _, excerpt = shared.problem_text(problem).partition("\n")
    return ShownProblem(
        field=problem.field,
        code=problem.code,
        sentence=sentence,
        excerpt=excerpt,
        line=place.line if place else None,
        column=place.column if place else None,
    )


def inputs(
    values: Mapping[Field, Shown],
    problems: Collection[ShownProblem],
    typed: RunRequest | None,
    *,
    is_of_a_run: bool,
    limits: Limits,
) -> list[Input]:
    """The text areas: for the arguments and, if the rules ask why, for the reason.

    They hold the typed values, or else `values`, which are the schedule's or, with `is_of_a_run`, a run's.
    """
    given = {} if typed is None else {Field.ARGS: typed.args, Field.KWARGS: typed.kwargs}
    rule = text.one_line(limits.reason_for)
    reason = Input(
        name=Field.REASON,
        label=texts.REASON,
        help=texts.REASON_HELP.format(rule=rule) if rule else texts.REASON_HELP_APPROVERS,
        text=typed.reason if typed else "",
        problems=[problem for problem in problems if problem.field == Field.REASON],
        rows=2,
    )
    arguments = [
        _input(name, value, given.get(name), [one for one in problems if one.field == name], is_of_a_run=is_of_a_run)
        for name, value in values.items()
    ]
    return [*arguments, reason] if limits.asks_why else arguments


def _input(name: Field, value: Shown, typed: str | None, problems: list[ShownProblem], *, is_of_a_run: bool) -> Input:
    shown = value.fitting(LENGTH_LIMIT) if typed is None else typed
    return Input(
        name=name,
        label=shared.LABELS[name],
        help=_too_long(value, is_of_a_run=is_of_a_run)
        if shown is None
        else shared.hint(name, shown, is_of_a_run=is_of_a_run, foreign=value.foreign),
        text=shown,
        problems=problems,
        rows=min(30, (shown or "").count("\n") + 2),
    )


def _too_long(value: Shown, *, is_of_a_run: bool) -> str:
    words = texts.TOO_LONG_SENT_AGAIN if is_of_a_run else texts.TOO_LONG_TO_EDIT
    if value.foreign:
        words = texts.TOO_LONG_AND_FOREIGN
    if value.problems:
        words = texts.TOO_LONG_AND_UNSENDABLE
    return words.format(length=len(value.compact), limit=LENGTH_LIMIT, where=shared.places(value.foreign))


def target(preview: Preview) -> list[tuple[str, str]]:
    pairs = options(preview.target)
    return [(name, moment(value) if isinstance(value, datetime) else text.exact(value)) for name, value in pairs]


def moment(at: datetime) -> str:
    """The time in the admin's format, in the reader's time zone."""
    return date_format(timezone.localtime(at) if timezone.is_aware(at) else at, "DATETIME_FORMAT")


@dataclass(frozen=True, kw_only=True, slots=True)
class StateShown:
    """The state of a run, in words and as a tone: waiting, good, bad, unsure."""

    words: str
    tone: str
    is_final: bool
    note: str
    progress: str
    done: tuple[str, str] | None  # how many parts are done, and how many there are. None: the task doesn't count parts
    result: str
    is_shortened: bool
    later: list[tuple[str, str]]  # further ends: each in words, with its result
    stop: str  # the effect of a Stop; empty: nobody has asked for one
    emptied: str  # says that the values have been deleted, if they have


def state_shown(run: Run) -> StateShown:
    state = RunState(run.state)
    finished = state is RunState.FINISHED
    return StateShown(
        words=how_far(run),
        tone=FINAL_TONES.get(run.status, "unsure") if finished else TONES.get(state, "unsure"),
        is_final=state not in UNENDED,
        note=shared.sentence(run.not_sent_reason or run.unseen_reason)
        or texts.STATE_NOTES.get(state, "")
        or shared.note_of(run.status, run.result),
        progress="" if finished else run.result,
        done=None if finished or (match := DONE_OF.match(run.result)) is None else (match[1], match[2]),
        result=run.result if finished else "",
        is_shortened=finished and run.result_length > len(run.result),
        later=[(_again(end), end["result"]) for end in run.later_ends],
        stop=stop(run),
        emptied="" if run.values_deleted_at is None else texts.VALUES_DELETED.format(at=moment(run.values_deleted_at)),
    )


def how_far(run: Run) -> str:
    """For a `finished` run, its status and the time that the task took. Otherwise its state, in words."""
    if run.state != RunState.FINISHED:
        return shared.state_text(RunState(run.state), run.status)
    if run.duration is None:
        return run.status
    return texts.ENDED.format(status=run.status, duration=text.duration(run.duration))


def stop(run: Run) -> str:
    """The effect of a Stop. Empty: nobody has asked for one."""
    found = stopped(run)
    return shared.stop_text(found, stopper(found))


def stopper(found: Stopped | None) -> str:
    """The name of the person who asked for the Stop."""
    return (found.name if found else "") or texts.SOMEBODY


def _again(end: dict[str, str]) -> str:
    return texts.ENDED_AGAIN.format(status=end["status"], at=moment(datetime.fromisoformat(end["at"])))


def again(again: Again) -> dict[str, Any]:
    """The earlier run whose values fill the form: who asked for it, how it differs from the schedule, and what changed since."""
    run = again.run
    finished = run.state == RunState.FINISHED
    return {
        "run": run.run,
        "who": run.name or (texts.SLACK_USER.format(id=run.requester) if run.requester else texts.NOBODY_KNOWN),
        "at": run.at,
        "ended": run.status if finished else shared.state_text(RunState(run.state), run.status),
        "differences": short_lines(again.differences),
        "since": [*map(setting_text, again.settings), *short_lines(again.since)],
    }


def requester(run: Run) -> str:
    if run.user is not None:
        return run.user.get_username()
    return texts.SLACK_USER.format(id=run.slack_user) if run.slack_user else texts.NOBODY_KNOWN


def sent_values(run: Run, secret_keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """The arguments as they were sent, but with masked secrets."""
    return [
        (shared.LABELS[field], json.dumps(value, ensure_ascii=False, indent=2))
        for field, value in masks.sent(run, secret_keys).items()
    ]
