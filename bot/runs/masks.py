"""What is secret in schedules and runs: front ends show the values and texts that these functions return."""

import contextlib
import json
from typing import Any

from bot.core import arguments, kept, signature
from bot.core.model import Field, Schedule, Shown
from bot.core.ports import Catalog
from bot.core.reasons import Invalid
from bot.core.secrets import Parameters, Secrets
from bot.core.strictjson import DEPTH_LIMIT
from bot.models import Run

PARAMETERS = "parameters"  # in a run's target: the process that follows the run may not know its task


def parameters(catalog: Catalog, task: str) -> Parameters:
    """The names of positional values. Empty if this process doesn't know the task."""
    known = catalog.signature(task)
    return () if known is None else signature.positional(known)


def of_schedule(schedule: Schedule, catalog: Catalog, keys: tuple[str, ...]) -> Secrets:
    call = _readable(schedule.args, Field.ARGS), _readable(schedule.kwargs, Field.KWARGS)
    return Secrets.of(keys, parameters(catalog, schedule.task), call, headers=headers(schedule))


def headers(schedule: Schedule) -> Any:
    """The row's own; its text if that isn't JSON, or is nested very deep."""
    text = schedule.headers
    try:
        return text if text.count("[") + text.count("{") > DEPTH_LIMIT else json.loads(text or "{}")
    except ValueError:
        return text


def stored(schedule: Schedule, secrets: Secrets) -> dict[Field, Shown]:
    texts = {Field.ARGS: schedule.args, Field.KWARGS: schedule.kwargs}
    return {of: arguments.shown(text, of, secrets) for of, text in texts.items()}


def replaced(values: dict[Field, Any], schedule: Schedule, secrets: Secrets) -> dict[Field, Any]:
    """The values, with the schedule's own secrets where they hold masks. Raises Invalid."""
    stored = {}
    for of, text in ((Field.ARGS, schedule.args), (Field.KWARGS, schedule.kwargs)):
        with contextlib.suppress(Invalid):
            stored[of] = arguments.parse_stored(text, of)
    return kept.with_secrets(values, stored, secrets, headers(schedule))


def of_run(run: Run, keys: tuple[str, ...]) -> Secrets:
    names = run.target.get(PARAMETERS, ()) if isinstance(run.target, dict) else ()  # a list: from version 0.1.0
    call = json.loads(run.args), json.loads(run.kwargs)
    return Secrets.of(keys, tuple(names), call, headers=run.options.get("headers"))


def sent(run: Run, keys: tuple[str, ...]) -> dict[Field, Any]:
    """The args and kwargs as they were sent, masked."""
    secrets = of_run(run, keys)
    return {
        of: secrets.of_field(json.loads(text), of) for of, text in ((Field.ARGS, run.args), (Field.KWARGS, run.kwargs))
    }


def _readable(text: str, of: Field) -> Any:
    try:
        return arguments.parse_stored(text, of)
    except Invalid:
        return text
