"""Makes a task's message from a `PeriodicTask` row and the edited values. It reads the row as beat does. Pure functions.

The options are those that beat makes (django_celery_beat/schedulers.py, `ModelEntry.__init__`). beat's class itself can't be
used, because it saves rows. docs/parity.md compares what reaches the broker and names the differences.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kombu.utils import json as typed_json

from bot.compat import NAME_IS_HEADER
from bot.core import options
from bot.core.arguments import invalid
from bot.core.model import Dispatch, Field, Schedule, TaskId
from bot.core.options import REQUESTER_HEADER
from bot.core.reasons import Code

RUN_HEADER = "runtask_run_id"
# A row can't set these. `id`: a header of this name would replace the message's own id (celery/app/amqp.py, send_task_message).
OURS = frozenset({"id", RUN_HEADER, REQUESTER_HEADER, *(["periodic_task_name"] if NAME_IS_HEADER else [])})


def dispatch(
    schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str, now: datetime
) -> Dispatch:
    """The message of a run. Raises Invalid if the row's headers, or a typed value in the arguments, can't be sent."""
    # Only checks: the sender converts the values when it publishes them.
    typed(args, Field.ARGS)
    typed(kwargs, Field.KWARGS)
    sent, _ = options_of(schedule, now)
    sent["headers"] = {**headers(schedule), REQUESTER_HEADER: requester}
    (sent["headers"] if NAME_IS_HEADER else sent)["periodic_task_name"] = schedule.name
    return Dispatch(task_id=task_id, task=schedule.task, args=args, kwargs=kwargs, options=sent)


def options_of(schedule: Schedule, now: datetime) -> tuple[dict[str, Any], datetime | None]:
    """A row's options for apply_async, without headers.

    If the row's `expires` is in the past, the options lack it, and it is the second value.
    """
    sent = options.of_row(schedule.columns)
    expires = sent.get("expires")
    if isinstance(expires, datetime) and expires <= now:
        del sent["expires"]
        return sent, expires
    return sent, None


def headers(schedule: Schedule) -> Mapping[str, Any]:
    """The row's own message headers, as they are sent. Raises Invalid."""
    try:
        value = typed_json.loads(schedule.headers or "{}")
    except Exception:  # noqa: BLE001  # bad JSON, or whatever a typed value's decoder raises
        value = None
    if not isinstance(value, dict):
        raise invalid(Code.HEADERS_NOT_AN_OBJECT, Field.SCHEDULE)
    if not _is_storable(value):
        raise invalid(Code.HEADERS_NOT_STORABLE, Field.SCHEDULE)
    return {name: own for name, own in value.items() if name not in OURS}


def _is_storable(value: Any) -> bool:
    """Whether a run's row can keep this value: PostgreSQL takes neither NaN nor U+0000 nor lone surrogates."""
    try:
        text = typed_json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return False
    return "\\u0000" not in text.replace("\\\\", "")


def typed(value: Any, field: Field) -> Any:
    """`value` with dates, decimals, … instead of kombu's `{"__type__": …, "__value__": …}`, as beat reads a row.

    Raises Invalid.
    """
    text = json.dumps(value)
    if "__type__" not in text:
        return value
    try:
        return typed_json.loads(text)
    except Exception as exc:
        raise invalid(Code.BAD_TYPED_VALUE, field) from exc
