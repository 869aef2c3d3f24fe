"""Finds the secrets in schedules and runs, and masks them. Front ends show the masked values and texts."""

import json
from typing import Any

from bot.core import arguments
from bot.core.model import Field, Schedule
from bot.core.ports import Catalog
from bot.core.reasons import Invalid
from bot.core.secrets import Call, Parameters, Secrets, is_secret, parameter
from bot.core.strictjson import DEPTH_LIMIT
from bot.core.text import clean
from bot.models import Run

# A key in a run's target, for the names of its positional values: the process that shows the run may not know its task.
PARAMETERS = "parameters"


def parameters(catalog: Catalog, task: str) -> Parameters:
    """The names that positional values may have. Empty if this process doesn't know the task."""
    return catalog.names(task).possible


def of_schedule(schedule: Schedule, catalog: Catalog, keys: tuple[str, ...]) -> Secrets:
    return Secrets.of(keys, parameters(catalog, schedule.task), _stored(schedule), headers=headers(schedule))


def _stored(schedule: Schedule) -> Call:
    return _readable(schedule.args, Field.ARGS), _readable(schedule.kwargs, Field.KWARGS)


def headers(schedule: Schedule) -> Any:
    """The headers in the schedule's row. If they aren't JSON, or are nested too deep: their text."""
    text = schedule.headers
    try:
        return text if text.count("[") + text.count("{") > DEPTH_LIMIT else json.loads(text or "{}")
    except ValueError:
        return text


def of_run(run: Run, keys: tuple[str, ...], today: Parameters = ()) -> Secrets:
    """`today`: the names that the task's positional values have now. A value is secret if its old or its new name says so."""
    names = run.target.get(PARAMETERS, ()) if isinstance(run.target, dict) else ()  # a list: from version 0.1.0
    both = _either(tuple(names), today, keys, len(call(run)[0]))
    return Secrets.of(keys, both, call(run), headers=run.options.get("headers"))


def of_run_today(run: Run, task: str, catalog: Catalog, keys: tuple[str, ...]) -> Secrets:
    """As `of_run`, also by the names that the task's positional values have now. `task`: what the run's schedule runs."""
    return of_run(run, keys, parameters(catalog, task))


def said(text: str, schedule: Schedule, secrets: Secrets, sent: Call, sent_headers: Any = None) -> str:
    """What somebody says of a run, without the secrets that the run sends, and without those that its schedule stores.

    `secrets`: how values are masked; only its keys and names count.
    """
    text = clean(text).strip()  # PostgreSQL takes no U+0000
    if not text:
        return ""
    both = [headers(schedule), sent_headers]
    return Secrets.of(secrets.keys, secrets.names, sent, _stored(schedule), headers=both).text(text)


def _either(then: Parameters, now: Parameters, keys: tuple[str, ...], length: int) -> Parameters:
    """The names of positional values: the new ones, but an old one where it says that the value is secret."""
    if not then or not now or then == now:
        return now or then
    pairs = [(parameter(then, index), parameter(now, index)) for index in range(max(length, len(then), len(now)))]
    rest = tuple(name for name in now[-1:] if name.startswith("*"))
    return (*(old if is_secret(old, keys) else new or old for old, new in pairs), *rest)


def call(run: Run) -> Call:
    """The arguments that the run sent."""
    return json.loads(run.args), json.loads(run.kwargs)


def sent(run: Run, keys: tuple[str, ...]) -> dict[Field, Any]:
    """The args and kwargs that were sent, masked."""
    secrets = of_run(run, keys)
    return {
        of: secrets.of_field(json.loads(text), of) for of, text in ((Field.ARGS, run.args), (Field.KWARGS, run.kwargs))
    }


def _readable(text: str, of: Field) -> Any:
    try:
        return arguments.parse_stored(text, of)
    except Invalid:
        return text
