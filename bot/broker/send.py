"""Sending a schedule's task as beat would, over connections of our own that fail fast.

The choice between `apply_async` and `send_task` comes from celery/beat.py (`Scheduler.apply_async`), what is sent from
bot/broker/dispatch.py. docs/parity.md compares the messages with beat's and names what differs.
"""

import contextlib
import logging
import select
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from celery import Celery
from django.utils import timezone
from kombu.exceptions import ChannelError, EncodeError, OperationalError
from kombu.pools import ProducerPool

from bot.broker import route
from bot.broker.connection import own_connection
from bot.broker.dispatch import RUN_HEADER, dispatch, headers, options_of, typed
from bot.core import arguments
from bot.core.arguments import Invalid
from bot.core.model import Dispatch, Field, Problem, RunId, Schedule, Target, TaskId
from bot.core.ports import FateUnknown, NotSent
from bot.core.text import clip, one_line

log = logging.getLogger(__name__)

SURE = frozenset({"filesystem", "memory"})  # an error of these while publishing means that nothing went out
# Raised before a byte is written, or the broker's own word that it doesn't take the message (no such exchange, …).
REFUSED = (TypeError, EncodeError, ChannelError)
POOL_SIZE = 16
UNREACHABLE = "the broker can't be reached ({})"
EAGER = "this project's Celery runs tasks where they are called (task_always_eager) and sends none"


@dataclass
class CelerySender:
    """Sender over Celery; safe to share between threads. The platform's own Celery configuration stays untouched."""

    app: Celery
    secret_keys: tuple[str, ...] = ()  # of headers, as shown
    _pool: ProducerPool = field(init=False)

    def __post_init__(self) -> None:
        self._pool = _pool(self.app)  # connects to nothing yet

    def prepare(
        self, schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str
    ) -> Dispatch:
        what = dispatch(schedule, task_id, args, kwargs, requester=requester, now=timezone.now())
        return replace(what, target=self._target(schedule, typed(args, Field.ARGS), typed(kwargs, Field.KWARGS)))

    def target(self, schedule: Schedule) -> Target:
        return self._target(schedule, _stored(schedule.args, Field.ARGS), _stored(schedule.kwargs, Field.KWARGS))

    def problems(self, schedule: Schedule) -> list[Problem]:
        """What keeps this row from being sent with any arguments."""
        found: list[Problem] = []
        try:
            headers(schedule)
        except Invalid as exc:
            found += exc.problems
        options, _ = options_of(schedule, timezone.now())
        if missing := route.missing_queue(self.app, schedule.task, options):
            text = f"Its queue {missing} is none of this Celery app's (task_queues). Correct it in the admin; beat can't send it either."
            found.append(Problem(field=Field.SCHEDULE, text=text))
        if self.app.conf.task_always_eager:
            found.append(Problem(field=Field.SCHEDULE, text=f"Nothing can be sent: {EAGER}."))
        return found

    def reach(self, within: float) -> str:
        """The transport's name, the broker having answered. Raises NotSent."""
        with self._producer(within) as producer:
            return str(producer.connection.transport.driver_type)

    def send(self, what: Dispatch, *, run: RunId, within: float, enter: Callable[[], bool]) -> None:
        """Raises NotSent while nothing of the message has left, FateUnknown afterwards."""
        if self.app.conf.task_always_eager:  # apply_async would run the task here
            raise NotSent(EAGER)
        named = {**what.options["headers"], RUN_HEADER: str(run)}
        what = replace(what, options={**what.options, "headers": named})
        with self._producer(within) as producer:
            if not enter():
                raise NotSent("it took too long")
            try:
                answer = self._publish(what, producer)
            except Exception as exc:  # whatever Celery, the platform's own code in it, or the transport raises
                if producer.sent:  # by a receiver of `after_task_publish`, or by the event `task-sent`
                    log.exception("run %s was sent; what comes after sending failed", run)
                    return
                raise _unsent(exc, producer) from exc
            if not producer.began and (other := getattr(answer, "id", what.task_id)) != what.task_id:
                # celery-singleton hands out the one that is under way, celery-once nothing.
                raise NotSent("the task held it back" + (f", as task {other} is under way" if other else ""))

    def _target(self, schedule: Schedule, args: list[Any], kwargs: dict[str, Any]) -> Target:
        try:
            own = headers(schedule)
        except Invalid:  # one of the `problems`
            own = {}
        options, past = options_of(schedule, timezone.now())
        shown = route.shown_headers(own, self.secret_keys)
        return route.target(self.app, schedule.task, options, args, kwargs, headers=shown, past_expires=past)

    def _publish(self, what: Dispatch, producer: Any) -> Any:
        args, kwargs = typed(what.args, Field.ARGS), typed(what.kwargs, Field.KWARGS)
        options: Mapping[str, Any] = {**_aware(what.options), "task_id": what.task_id, "producer": producer}
        if (task := self.app.tasks.get(what.task)) is not None:
            return task.apply_async(args, kwargs, **options)
        return self.app.send_task(what.task, args, kwargs, **options)

    @contextlib.contextmanager
    def _producer(self, within: float) -> Iterator["_Producer"]:
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
            yield _Producer(producer)
        finally:
            producer.release()


def _aware(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without USE_TZ an `expires` is in the site's own time; Celery takes it for UTC, a worker for its `timezone`."""
    expires = options.get("expires")
    if isinstance(expires, datetime) and timezone.is_naive(expires):
        return {**options, "expires": timezone.make_aware(expires, timezone.get_default_timezone())}
    return options


class _Producer:
    """kombu's producer for one message; it remembers how far that came.

    What we want otherwise than beat is done here, so that the platform's routers, hooks and signals are called as by beat.
    """

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self.began = self.sent = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def publish(self, body: Any, **options: Any) -> Any:
        for entity in options.get("declare") or ():  # kombu would do it; an error here is none of the message's
            self._producer.maybe_declare(entity)
        if "ignore_result" in (headers := options.get("headers") or {}):
            headers["ignore_result"] = False  # a result is to land
        self.began = True
        answer = self._producer.publish(body, **{**options, "declare": [], "retry": False})
        self.sent = True
        return answer


def _unsent(exc: Exception, producer: _Producer) -> Exception:
    """What an error says of the message's fate."""
    connection = producer.connection
    is_sure = not producer.began or connection.transport.driver_type in SURE
    is_network = isinstance(exc, (OperationalError, *connection.connection_errors))
    if isinstance(exc, REFUSED) or not (producer.began or is_network):
        if isinstance(exc, ChannelError):
            connection.collect()  # the broker has closed the channel
        return NotSent(f"Celery can't send this: {clip(one_line(str(exc) or type(exc).__name__), 300)}")
    connection.collect()
    return (NotSent if is_sure else FateUnknown)(UNREACHABLE.format(_reason(exc)))


def _stored(text: str, of: Field) -> Any:
    """A row's arguments for the platform's routers; none if they can't be sent, which the form says."""
    try:
        return typed(arguments.parse(arguments.stored(text, of), of), of)
    except Invalid:
        return arguments.SHAPE[of][0]()


def _pool(app: Celery) -> ProducerPool:
    connections = own_connection(app).Pool(limit=POOL_SIZE)
    return ProducerPool(connections=connections, Producer=app.amqp.Producer, limit=POOL_SIZE)


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
