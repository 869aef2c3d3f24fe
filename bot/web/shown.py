"""What the pages show, as pure functions of what is known."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from bot.core import arguments, status, text
from bot.core.changes import masked
from bot.core.model import Field, Look, Matches, Problem, RunRequest
from bot.core.status import OPEN, RunState
from bot.core.target import words
from bot.models import Run

TONES = {RunState.SENT: "waiting", RunState.RUNNING: "waiting", RunState.NOT_SENT: "bad"}
DONE_OF = re.compile(
    r"([0-9]+(?:\.[0-9]+)?) of ([1-9][0-9]*)\b"
)  # how what tasks say of their progress begins, if it can
FINAL_TONES = {"SUCCESS": "good", "FAILURE": "bad"}
NOTES = {
    RunState.SENT: "A worker will take it; this page follows it.",
    RunState.OVERDUE: "No worker has said anything for a long time. If a result lands later, it still shows here.",
    RunState.UNKNOWN: "It is not sent again. If a worker takes it, its end shows here.",
    RunState.QUEUED: "It is not sent again. If a worker takes it, its end shows here.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A problem in a sentence, and the excerpt that shows its place, if it has one."""

    field: str
    sentence: str
    excerpt: str = ""
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One of the form's text areas."""

    name: str
    label: str
    help: str
    text: str
    problems: list[Said]
    rows: int  # where the browser can't grow it by itself


def said(problem: Problem) -> Said:
    sentence, _, excerpt = problem.text.partition("\n")
    if problem.line is None:  # further lines are text then
        sentence, excerpt = problem.text, ""
    return Said(field=problem.field, sentence=sentence, excerpt=excerpt, line=problem.line, column=problem.column)


def inputs(look: Look, problems: Iterable[Said], typed: RunRequest | None) -> list[Input]:
    """With what was typed, or else with the stored values."""
    stored = {Field.ARGS: look.schedule.args, Field.KWARGS: look.schedule.kwargs}
    shown = {field: arguments.editable(value, field)[0] for field, value in stored.items()}
    if typed is not None:
        given = {Field.ARGS: typed.args, Field.KWARGS: typed.kwargs}
        shown |= {field: value for field, value in given.items() if value is not None}
    return [
        Input(
            name=field,
            label=arguments.LABELS[field],
            help=arguments.MEANS[field],
            text=value,
            problems=[problem for problem in problems if problem.field == field],
            rows=min(30, value.count("\n") + 2),
        )
        for field, value in shown.items()
    ]


def target(look: Look) -> list[tuple[str, str]]:
    return [(name, moment(value) if isinstance(value, datetime) else value) for name, value in words(look.target)]


def count(matches: Matches, query: str) -> str:
    """How many schedules there are to pick from, in a sentence."""
    shown, total = len(matches.first), matches.total
    if shown < total:
        return f"{shown} of {total} schedules, keep typing"
    if not total:
        return f"No schedule's name or task has “{text.clip(text.one_line(query), 100)}” in it." if query else ""
    return "1 schedule" if total == 1 else f"{total} schedules"


def moment(at: datetime) -> str:
    """As the admin shows it, in the reader's time zone."""
    return date_format(timezone.localtime(at) if timezone.is_aware(at) else at, "DATETIME_FORMAT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far a run is, in words and as a tone: waiting, good, bad, unsure."""

    words: str
    tone: str
    is_final: bool
    note: str
    progress: str
    done: tuple[str, str] | None  # of how many
    result: str
    is_shortened: bool


def standing(run: Run) -> Standing:
    state = RunState(run.state)
    finished = state is RunState.FINISHED
    note = f"Nothing was sent: {run.not_sent_because}." if state is RunState.NOT_SENT else NOTES.get(state, "")
    return Standing(
        words=how_far(run),
        tone=FINAL_TONES.get(run.status, "unsure") if finished else TONES.get(state, "unsure"),
        is_final=state not in OPEN,
        note=note,
        progress="" if finished else run.result,
        done=None if finished or (match := DONE_OF.match(run.result)) is None else (match[1], match[2]),
        result=run.result if finished else "",
        is_shortened=finished and run.result_length > len(run.result),
    )


def how_far(run: Run) -> str:
    """How it ended and after how long; until then, where it is."""
    if run.state != RunState.FINISHED:
        return status.how_far(RunState(run.state), run.status)
    return run.status if run.duration is None else f"{run.status} after {text.duration(run.duration)}"


def requester(run: Run) -> str:
    if run.user is not None:
        return run.user.get_username()
    return f"Slack user {run.slack_user}" if run.slack_user else "somebody whose account is gone"


def sent(run: Run, secret_keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """The arguments as sent, secrets masked."""
    texts = ((arguments.LABELS[Field.ARGS], run.args), (arguments.LABELS[Field.KWARGS], run.kwargs))
    return [(label, _pretty(masked(json.loads(value), secret_keys))) for label, value in texts]


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
