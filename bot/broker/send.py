"""Sending a schedule's task as beat would, over connections of our own that fail fast.

The options come from django_celery_beat/schedulers.py (`ModelEntry.__init__`), the choice between `apply_async` and
`send_task` from celery/beat.py (`Scheduler.apply_async`). Three named differences: `ignore_result=False`, so that a
result lands; our own headers instead of `celery_beat_task`; an `expires` in the past is left out, since the worker
would revoke the run at once.
"""

import contextlib
import json
import select
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from celery import Celery
from celery.exceptions import QueueNotFound
from django.utils import timezone
from kombu.exceptions import EncodeError
from kombu.pools import ProducerPool

from bot.broker import route
from bot.core.arguments import Invalid
from bot.core.model import Dispatch, Field, Problem, RunId, Schedule, Target, TaskId
from bot.core.ports import FateUnknown, NotSent
from bot.core.text import clip, one_line

RUN_HEADER = "runtask_run_id"
REQUESTER_HEADER = "runtask_requester"
# No retry: once bytes went out, a second try can queue the task twice. The intervals keep kombu from its own waits of
# seconds when connecting fails (kombu/connection.py, _ensure_connection).
RETRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CONNECT_TIMEOUT = 1.0  # seconds, also for each answer of Redis
AMQP_TIMEOUT = 0.75  # seconds, for each read and write
OPTIONS: dict[str, dict[str, Any]] = {
    "redis": {"socket_timeout": CONNECT_TIMEOUT, "socket_connect_timeout": CONNECT_TIMEOUT, "retry_on_timeout": False},
    "amqp": {"confirm_publish": True, "read_timeout": AMQP_TIMEOUT, "write_timeout": AMQP_TIMEOUT},
}
SURE = frozenset({"filesystem", "memory"})  # an error of these while publishing means that nothing went out
POOL_SIZE = 16
UNREACHABLE = "the broker can't be reached ({})"


def dispatch(
    schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str, now: datetime
) -> Dispatch:
    """From a row and edited values to what is sent; pure. Raises Invalid if the row's headers can't be sent."""
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
    """The row's own message headers. Raises Invalid if they are no JSON object."""
    try:
        value = json.loads(schedule.headers or "{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        text = "This schedule's message headers are not a JSON object. Correct them in the admin; beat can't send it either."
        raise Invalid([Problem(field=Field.SCHEDULE, text=text)])
    return value


@dataclass
class CelerySender:
    """Sender over Celery; safe to share between threads. The platform's own Celery configuration stays untouched."""

    app: Celery
    _pool: ProducerPool = field(init=False)

    def __post_init__(self) -> None:
        self._pool = _pool(self.app)  # connects to nothing yet

    def prepare(
        self, schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str
    ) -> Dispatch:
        what = dispatch(schedule, task_id, args, kwargs, requester=requester, now=timezone.now())
        return replace(what, target=self.target(schedule))

    def target(self, schedule: Schedule) -> Target:
        try:
            own = headers(schedule)
        except Invalid:  # said when it is to be sent
            own = {}
        options, past = options_of(schedule, timezone.now())
        return route.target(self.app, schedule.task, options, headers=route.shown_headers(own), past_expires=past)

    def send(self, what: Dispatch, *, run: RunId, within: float, enter: Callable[[], bool]) -> None:
        """Raises NotSent while nothing of the message has left, FateUnknown afterwards."""
        named = {**what.options["headers"], RUN_HEADER: str(run)}
        what = replace(what, options={**what.options, "headers": named})
        with self._producer(within) as producer:
            if not enter():
                raise NotSent("it took too long")
            try:
                self._publish(what, producer)
            except (TypeError, EncodeError, QueueNotFound) as exc:  # before a byte is written
                raise NotSent(f"Celery can't send this: {one_line(str(exc))}") from exc
            except Exception as exc:  # whatever the transport raises: bytes may have left
                sure = producer.connection.transport.driver_type in SURE
                producer.connection.collect()
                raise (NotSent if sure else FateUnknown)(UNREACHABLE.format(_reason(exc))) from exc

    def _publish(self, what: Dispatch, producer: Any) -> None:
        options = {
            **what.options,
            "task_id": what.task_id,
            "ignore_result": False,
            "producer": producer,
            "retry": False,
        }
        if (task := self.app.tasks.get(what.task)) is not None:
            task.apply_async(what.args, what.kwargs, **options)  # type: ignore[arg-type]  # a list, as beat passes
        else:
            self.app.send_task(what.task, what.args, what.kwargs, **options)

    @contextlib.contextmanager
    def _producer(self, within: float) -> Iterator[Any]:
        """A producer whose connection has just been seen alive. Raises NotSent."""
        try:
            producer: Any = self._pool.acquire(block=True, timeout=within)
        except Exception as exc:
            raise NotSent(UNREACHABLE.format(_reason(exc))) from exc
        try:
            try:
                _reach(producer)
            except Exception as exc:
                producer.connection.collect()
                raise NotSent(UNREACHABLE.format(_reason(exc))) from exc
            yield producer
        finally:
            producer.release()


def _pool(app: Celery) -> ProducerPool:
    transport = app.connection_for_write().transport.driver_type
    options = {**RETRY, **OPTIONS.get(transport, {})}
    connection: Any = app.connection_for_write(connect_timeout=CONNECT_TIMEOUT, transport_options=options)
    return ProducerPool(connections=connection.Pool(limit=POOL_SIZE), Producer=app.amqp.Producer, limit=POOL_SIZE)


def _reach(producer: Any) -> None:
    """Connect if need be, and see that the broker is there; a pooled connection that died meanwhile is opened anew."""
    connection = producer.connection
    if connection.connected and connection.transport.driver_type == "amqp" and _has_ended(connection):
        connection.collect()
    channel = connection.default_channel
    if connection.transport.driver_type == "redis":
        channel.client.ping()
    producer.revive(channel)


def _has_ended(connection: Any) -> bool:
    """RabbitMQ says nothing to a publisher between messages, except when it closes the connection."""
    readable, _, _ = select.select([connection.connection.transport.sock], [], [], 0)
    return bool(readable)


def _reason(exc: BaseException) -> str:
    """Names the error without its address, which may hold a password."""
    return clip(one_line(type(exc.__cause__ or exc).__name__), 100)
