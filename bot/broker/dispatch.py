"""From a `PeriodicTask` row and edited values to what is sent, as beat reads the row; pure.

The options come from django_celery_beat/schedulers.py (`ModelEntry.__init__`), which itself can't be used: it saves rows.
docs/parity.md compares what reaches the broker, and names what differs.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kombu.utils import json as typed_json

from bot.core.arguments import Invalid
from bot.core.model import Dispatch, Field, Problem, Schedule, TaskId

RUN_HEADER = "runtask_run_id"
REQUESTER_HEADER = "runtask_requester"
# Not a row's to set. `id`: Celery lets headers replace a message's own (celery/app/amqp.py, send_task_message).
OURS = frozenset({"id", "periodic_task_name", RUN_HEADER, REQUESTER_HEADER})


def dispatch(
    schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str, now: datetime
) -> Dispatch:
    """Raises Invalid if the row's headers, or a typed value in the arguments, can't be sent."""
    for value, field in ((args, Field.ARGS), (kwargs, Field.KWARGS)):
        typed(value, field)
    options, _ = options_of(schedule, now)
    options["headers"] = {**headers(schedule), "periodic_task_name": schedule.name, REQUESTER_HEADER: requester}
    return Dispatch(task_id=task_id, task=schedule.task, args=args, kwargs=kwargs, options=options)


def options_of(schedule: Schedule, now: datetime) -> tuple[dict[str, Any], datetime | None]:
    """A row's own options of apply_async but for its headers, and its `expires` if that is left out for being over."""
    options: dict[str, Any] = {}
    for name in ("queue", "exchange", "routing_key", "priority"):
        if (value := getattr(schedule, name)) is not None:
            options[name] = value
    expires = schedule.expires or schedule.expire_seconds
    if isinstance(expires, datetime) and expires <= now:
        return options, expires
    if expires:
        options["expires"] = expires
    return options, None


def headers(schedule: Schedule) -> Mapping[str, Any]:
    """The row's own message headers, as they are sent. Raises Invalid if they are no JSON object."""
    try:
        value = typed_json.loads(schedule.headers or "{}")
    except Exception:  # noqa: BLE001  # bad JSON, or whatever a typed value's decoder raises
        value = None
    if not isinstance(value, dict):
        raise _bad_headers("are not a JSON object. Correct them in the admin; beat can't send it either.")
    if not _is_storable(value):
        raise _bad_headers(
            "hold a number or a character that JSON in databases can't (NaN, U+0000, …). Correct them in the admin."
        )
    return {name: own for name, own in value.items() if name not in OURS}


def _bad_headers(reason: str) -> Invalid:
    return Invalid([Problem(field=Field.SCHEDULE, text=f"This schedule's message headers {reason}")])


def _is_storable(value: Any) -> bool:
    """Whether a run's row can keep it: PostgreSQL takes neither NaN nor U+0000 nor half characters."""
    try:
        text = typed_json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return False
    return "\\u0000" not in text.replace("\\\\", "")


def typed(value: Any, field: Field) -> Any:
    """`value` with dates, decimals, … in the place of kombu's `{"__type__": …, "__value__": …}`, as beat reads a row.

    Raises Invalid.
    """
    text = json.dumps(value)
    if "__type__" not in text:
        return value
    try:
        return typed_json.loads(text)
    except Exception as exc:
        hint = 'An object of "__type__" and "__value__" stands for a date, decimal, …; this one can\'t be read as such.'
        raise Invalid([Problem(field=field, text=hint)]) from exc
