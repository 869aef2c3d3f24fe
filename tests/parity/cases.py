"""Rows, tasks and settings for which beat and runtask must send the same message. Only data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

import celery
from kombu import Exchange, Queue

from bot.compat import NAME_IS_HEADER

TASK = "reports.tasks.nightly"
HOUR = timedelta(hours=1)  # in a row, it stands for the moment of sending plus an hour


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row, its task and the settings. `stored`: columns that `QuerySet.update` writes after `row` was saved."""

    name: str
    row: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)
    # The task's options. None: this process hasn't registered the task.
    task: Mapping[str, Any] | None = field(default_factory=dict)
    conf: Mapping[str, Any] = field(default_factory=dict)
    django: Mapping[str, Any] = field(default_factory=dict)
    bound: tuple[str, str, str] | None = None  # exchange, its type and key, by which a queue `caught` is bound
    differs: frozenset[str] = frozenset()  # fields that differ from beat's, besides those that always do
    is_nothing: bool = False  # neither beat nor runtask sends a message, and runtask says why


def route(name: str, args: Any, kwargs: Any, options: Any, task: Any = None, **_: Any) -> dict[str, Any] | None:
    """A router that reads all its arguments."""
    days = (kwargs or {}).get("days", 0)
    return {"queue": f"days{days}", "priority": 4} if task is None or task.name == name else None


class Router:
    """The kind of router that Celery 3 had."""

    def route_for_task(self, task: str, args: Any = None, kwargs: Any = None) -> dict[str, Any]:
        return {"queue": "old", "routing_key": "old"}


def shadow(task: Any, args: Any, kwargs: Any, options: Any) -> str:
    return f"nightly of {kwargs.get('days')} days, {sorted(options)}"


def nightly_of(days: int) -> None: ...


def with_database(function: Any) -> Any:
    """A platform's decorator: it adds an argument that is not in the message."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("a database", *args, **kwargs)

    return wrapper


@with_database
def injected(database: str, days: int) -> None: ...


@with_database
def injected_and_bound(self: Any, database: str, days: int) -> None: ...


def _json(value: Any) -> str:
    return json.dumps(value)


FALSE = ("null", '""', "false", "0")
LONG = _json(["x" * 128_888])
DATE = {"__type__": "datetime", "__value__": "2026-11-05T12:00:00Z"}
NAIVE = {"USE_TZ": False, "DJANGO_CELERY_BEAT_TZ_AWARE": False}
ALL = {
    "queue": "rowq", "exchange": "rowx", "routing_key": "rowk", "priority": 3, "expire_seconds": 120,
    "headers": _json({"X-Tenant": "acme"}), "args": "[1]", "kwargs": _json({"days": 30}), "one_off": True,
}  # fmt: skip
ROWX = ("rowx", "direct", "rowk")
TOPIC = Queue("caught", Exchange("topics", "topic"), routing_key="a.*")
OWN = {"queue": "taskq", "priority": 7, "expires": 999, "time_limit": 30, "soft_time_limit": 20}
GONE_BY = frozenset({"headers.expires", "properties.expiration"})

ROWS = [
    Case(name="only a name and a task"),
    Case(name="`args` and `kwargs`", row={"args": '[1, "x", null]', "kwargs": '{"days": 7, "deep": {"a": [1.5]}}'}),
    Case(name="non-ASCII text", row={"name": "Bücher 📚", "args": '["Grüße", "漢字", "\\u2028"]'}),
    Case(name="large and long numbers", row={"args": "[123456789012345678901234567890, 1e100, 0.1, -0.0]"}),
    Case(name="typed values (kombu's JSON)", row={"args": _json([DATE]), "kwargs": _json({"at": [DATE]})}),
    Case(name="… and the task's serializer is pickle", row={"args": _json([DATE])}, task={"serializer": "pickle"}),
    Case(name="blank `args` and `kwargs`", stored={"args": "", "kwargs": ""}),
    *(Case(name=f"`args` and `kwargs` are `{text}`", stored={"args": text, "kwargs": text}) for text in FALSE),
    Case(name="`args` are `{}`, `kwargs` are `[]`", stored={"args": "{}", "kwargs": "[]"}),
    Case(name="`args` of 128,892 characters", stored={"args": LONG}),
    Case(name="a number of 1,000 digits", stored={"args": f"[{'9' * 1000}]"}),
    Case(name="`queue`", row={"queue": "rowq"}),
    Case(name="`exchange` and `routing_key`", row={"exchange": "rowx", "routing_key": "rowk"}, bound=ROWX),
    Case(name="`exchange` alone", row={"exchange": "rowx"}),
    Case(name="`routing_key` alone", row={"routing_key": "rowk"}),
    Case(name="`priority` 0", row={"priority": 0}),
    Case(name="`priority` 3", row={"priority": 3}),
    Case(name="`priority` 9", row={"priority": 9}),
    Case(name="`headers`", row={"headers": _json({"X-Tenant": "acme", "deep": {"n": [1, True, None]}})}),
    Case(name="… with typed values", row={"headers": _json({"X-When": DATE})}),
    Case(name="… with a `periodic_task_name`", row={"headers": _json({"periodic_task_name": "forged"})}),
    Case(name="… that replace Celery's own", row={"headers": _json({"lang": "row", "shadow": "row", "task": "other"})}),
    Case(name="… with an `id`", row={"headers": _json({"id": "x"})}, differs=frozenset({"headers.id"})),
    Case(name="`expires` in an hour", row={"expires": HOUR}),
    Case(name="`expires` an hour ago", row={"expires": -HOUR}, differs=GONE_BY),
    Case(name="`expire_seconds`", row={"expire_seconds": 120}),
    Case(name="`expire_seconds` 0", row={"expire_seconds": 0}),
    Case(name="`expires` and `expire_seconds`", row={"expires": HOUR}, stored={"expire_seconds": 60}),
    Case(name="`one_off`", row={"one_off": True}),
    Case(name="`start_time` in an hour", row={"start_time": HOUR}),
    Case(name="`enabled` off", row={"enabled": False}),
    Case(name="blank `queue`", stored={"queue": ""}),
    Case(name="blank `exchange`", stored={"exchange": ""}),
    Case(name="blank `routing_key`", stored={"routing_key": ""}),
    Case(name="blank `headers`", stored={"headers": ""}),
    Case(name="all options together", row=ALL, bound=ROWX),
    Case(name="… and the task has its own", row=ALL, task=OWN | {"exchange": "e", "routing_key": "k"}, bound=ROWX),
]
TASKS = [
    Case(name="not registered in this process", task=None),
    Case(name="… and all options of the row", task=None, row=ALL, bound=ROWX),
    Case(name="its own options", task=OWN),
    Case(name="its own exchange", task={"exchange": "rowx", "routing_key": "rowk"}, bound=ROWX),
    Case(name="its own priority 0", task={"priority": 0}),
    Case(name="its own options, and the row's", task=OWN, row={"priority": 1, "queue": "rowq", "expire_seconds": 5}),
    Case(name="its own `delivery_mode`", task={"delivery_mode": 1}),
    Case(name="`serializer` YAML", task={"serializer": "yaml"}, row={"kwargs": '{"days": 7}'}),
    Case(name="`serializer` pickle", task={"serializer": "pickle"}, row={"kwargs": '{"days": 7}'}),
    Case(name="`compression`", task={"compression": "gzip"}, row={"args": _json(["x" * 500])}),
    Case(name="`ignore_result`", task={"ignore_result": True}),
    Case(name="`typing` off", task={"typing": False}, row={"kwargs": '{"whatever": 1}'}),
    Case(name="a `shadow_name`", task={"shadow_name": shadow}, row={"kwargs": '{"days": 7}', "queue": "rowq"}),
    Case(name="a decorator that adds an argument", task={"takes": injected}, row={"args": "[7]"}),
    Case(name="… by a keyword", task={"takes": injected}, row={"kwargs": '{"days": 7}'}),
    Case(name="… and it is bound", task={"takes": injected_and_bound, "bind": True}, row={"args": "[7]"}),
    Case(
        name="arguments that it doesn't accept",
        task={"takes": nightly_of},
        row={"kwargs": '{"day": 7}'},
        is_nothing=True,
    ),
    Case(
        name="a soft time limit above the time limit",
        task={"time_limit": 1, "soft_time_limit": 2},
        is_nothing=celery.VERSION >= (5, 5),  # older versions don't compare them
    ),
]
SETTINGS = [
    Case(name="`task_routes`: names", conf={"task_routes": {TASK: {"queue": "routed", "priority": 2}}}),
    Case(name="… for an unregistered task", task=None, conf={"task_routes": {TASK: {"queue": "routed"}}}),
    Case(name="`task_routes`: patterns", conf={"task_routes": {"reports.*": "routed"}}),
    Case(
        name="`task_routes`: the row has a queue",
        row={"queue": "rowq"},
        conf={"task_routes": {TASK: {"queue": "routed"}}},
    ),
    Case(name="`task_routes`: a function", row={"kwargs": '{"days": 30}'}, conf={"task_routes": [route]}),
    Case(name="`task_routes`: a class", conf={"task_routes": [Router()]}),
    Case(name="`task_default_queue`", conf={"task_default_queue": "main"}),
    Case(name="`task_default_priority`", conf={"task_default_priority": 5}),
    Case(
        name="`task_default_exchange_type` topic",
        conf={
            "task_default_exchange": "tasks",
            "task_default_exchange_type": "topic",
            "task_default_routing_key": "task.any",
        },
    ),
    Case(name="`task_queues`: a topic exchange", row={"queue": "caught"}, conf={"task_queues": [TOPIC]}),
    Case(
        name="… and the row's `routing_key`",
        row={"queue": "caught", "routing_key": "a.b"},
        conf={"task_queues": [TOPIC]},
    ),
    Case(name="`task_queue_max_priority`", row={"priority": 4}, conf={"task_queue_max_priority": 10}),
    Case(name="`task_create_missing_queues` off", conf={"task_create_missing_queues": False}),
    Case(name="`task_serializer` YAML", conf={"task_serializer": "yaml"}),
    Case(name="`task_compression`", conf={"task_compression": "zlib"}),
    Case(name="`task_protocol` 1", conf={"task_protocol": 1}, row=ALL, bound=ROWX),
    Case(name="`task_default_delivery_mode`", conf={"task_default_delivery_mode": "transient"}),
    Case(name="`task_time_limit`", conf={"task_time_limit": 60, "task_soft_time_limit": 50}),
    Case(name="`task_ignore_result`", conf={"task_ignore_result": True}),
    Case(name="`task_send_sent_event`", conf={"task_send_sent_event": True}),
    Case(name="`result_extended`", conf={"result_extended": True}),
    Case(name="`timezone`, with `expires`", row={"expires": HOUR}, conf={"timezone": "Asia/Kathmandu"}),
    Case(
        name="`enable_utc` off, with `expires`",
        row={"expires": HOUR},
        conf={"enable_utc": False, "timezone": "Asia/Kathmandu"},
    ),
    Case(
        name="… with `expire_seconds`",
        row={"expire_seconds": 60},
        conf={"enable_utc": False, "timezone": "Asia/Kathmandu"},
    ),
    Case(
        name="`USE_TZ` off, with `expires`", row={"expires": HOUR}, django=NAIVE, differs=frozenset({"headers.expires"})
    ),
    Case(
        name="… in New York", row={"expires": HOUR}, django=NAIVE | {"TIME_ZONE": "America/New_York"}, differs=GONE_BY
    ),
    Case(name="`USE_TZ` off, with `expires` in the past", row={"expires": -HOUR}, django=NAIVE, differs=GONE_BY),
]
REFUSED = [
    Case(name="`args` aren't JSON", stored={"args": "[1,"}, is_nothing=True),
    Case(name="`kwargs` aren't JSON", stored={"kwargs": "{'a': 1}"}, is_nothing=True),
    Case(name="`args` are white space", stored={"args": "  "}, differs=frozenset({"sent"})),
    Case(name="`args` are an object", stored={"args": '{"days": 7}'}, differs=frozenset({"sent"})),
    Case(name="`args` are a text", stored={"args": '"abc"'}, differs=frozenset({"sent"})),
    Case(name="`kwargs` are a list", stored={"kwargs": "[1]"}, is_nothing=True),
    Case(name="`args` contain `NaN`", stored={"args": "[NaN]"}, differs=frozenset({"sent"})),
    Case(name="`kwargs` contain a key twice", stored={"kwargs": '{"days": 7, "days": 8}'}, differs=frozenset({"sent"})),
    Case(name="`args` are nested 101 deep", stored={"args": "[" * 101 + "]" * 101}, differs=frozenset({"sent"})),
    Case(name="a typed value can't be read", stored={"args": _json([DATE | {"__value__": "today"}])}, is_nothing=True),
    Case(name="`headers` aren't JSON", stored={"headers": "{"}, is_nothing=True),
    Case(
        name="`headers` are a list",
        stored={"headers": "[]"},
        # beat before 2.8 adds nothing to the headers, so it can send a row whose headers are an empty list
        **({"is_nothing": True} if NAME_IS_HEADER else {"differs": frozenset({"sent"})}),
    ),
    Case(name="`headers` contain U+0000", stored={"headers": '{"x": "\\u0000"}'}, differs=frozenset({"sent"})),
    Case(name="the queue isn't declared", row={"queue": "typo"}, conf={"task_create_missing_queues": False}, is_nothing=True),
    Case(name="`task_always_eager`", conf={"task_always_eager": True}, is_nothing=True),
]  # fmt: skip
SECTIONS = {"The row": ROWS, "The task": TASKS, "Settings": SETTINGS, "Mistakes": REFUSED}
CASES = [case for cases in SECTIONS.values() for case in cases]


def moments(values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns a row's values, with relative times replaced by moments."""
    return {name: now + value if isinstance(value, timedelta) else value for name, value in values.items()}
