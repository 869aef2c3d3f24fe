"""Sends a schedule's task as beat would, over connections of our own that fail fast.

The choice between `apply_async` and `send_task` comes from celery/beat.py (`Scheduler.apply_async`); what is sent comes
from bot/broker/dispatch.py. docs/parity.md compares the messages with beat's and names the differences.
"""

import contextlib
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from celery import Celery
from django.utils import timezone
from kombu.exceptions import ChannelError, EncodeError, OperationalError
from kombu.pools import ProducerPool

from bot.broker import answers, calls, route
from bot.broker.connection import connect, own_connection
from bot.broker.dispatch import RUN_HEADER, dispatch, headers, options_of, typed
from bot.broker.published import Published, watch
from bot.compat import HONOURS_HEADER
from bot.core import arguments
from bot.core.model import Dispatch, Field, RunId, Schedule, Target, TaskId
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Invalid, Problem, Reason
from bot.core.secrets import Secrets

log = logging.getLogger(__name__)

SURE = frozenset({"filesystem", "memory"})  # transports on which a failed put certainly left no message
# Errors that Celery and kombu raise before they write to the broker. (A ChannelError that is a broker's answer is handled as a
# refusal.)
BEFORE = (TypeError, EncodeError, ChannelError)
POOL_SIZE = 16


@dataclass
class CelerySender:
    """Sender over Celery. Threads may share it. The platform's own Celery configuration stays as it is."""

    app: Celery
    secret_keys: tuple[str, ...]
    declares: bool = True  # False: this process doesn't know with which arguments the platform declares its queues
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
        found: list[Problem] = []
        if not schedule.task.strip():
            found.append(Problem(code=Code.TASK_NOT_NAMED, field=Field.SCHEDULE))
        try:
            headers(schedule)
        except Invalid as exc:
            found += exc.problems
        options, _ = options_of(schedule, timezone.now())
        queue = route.undeclared_queue(self.app, schedule.task, options)
        if queue is not None:
            code = Code.QUEUE_NOT_DECLARED if queue else Code.ROUTE_NOT_DECLARED
            found.append(Problem(code=code, field=Field.SCHEDULE, params={"queue": queue}))
        if self.app.conf.task_always_eager:
            found.append(Problem(code=Code.EAGER, field=Field.SCHEDULE))
        return found

    def keeps_result(self, task: str) -> bool:
        known = self.app.tasks.get(task)
        return HONOURS_HEADER or not (self.app.conf.task_ignore_result if known is None else known.ignore_result)

    def sends_events(self, task: str) -> bool:
        known = self.app.tasks.get(task)
        return known is None or bool(known.send_events)

    def reach(self, within: float) -> str:
        """The transport's name, once the broker has answered. Raises NotSent."""
        with self._producer(TaskId(""), within) as producer:
            return str(producer.transport)

    def send(self, what: Dispatch, *, run: RunId, within: float, enter: Callable[[], bool]) -> None:
        """Raises NotSent if the task was certainly not sent, FateUnknown if it may have been sent."""
        if self.app.conf.task_always_eager:  # apply_async would run the task in this process
            raise _not_sent(Code.EAGER)
        with_run = {**what.options["headers"], RUN_HEADER: str(run)}
        what = replace(what, options={**what.options, "headers": with_run})
        with self._producer(what.task_id, within) as producer, watch(what.task_id) as seen:
            if not enter():
                raise _not_sent(Code.TOO_SLOW)
            try:
                answer = self._publish(what, producer)
            except Exception as exc:  # whatever Celery, the platform's own code in it, or the transport raises
                producer.is_over = True
                # Then the error comes from a receiver of `after_task_publish`, or from publishing the event `task-sent`.
                if producer.sent(what.task_id) or seen.sent:
                    failed = self._text(traceback.format_exc(), what)
                    log.error("run %s was sent; code that runs after sending failed\n%s", run, failed)  # noqa: TRY400
                    return
                if seen.attempts > producer.attempts:  # the task's code has used a producer of which we know nothing
                    raise FateUnknown(_unreachable(exc)) from exc
                raise _unsent(exc, producer, self._text(str(exc), what)) from exc
            _check(answer, what.task_id, producer, seen)

    def _target(self, schedule: Schedule, args: list[Any], kwargs: dict[str, Any]) -> Target:
        try:
            own = headers(schedule)
        except Invalid:  # `problems` reports it
            own = {}
        options, past = options_of(schedule, timezone.now())
        shown = route.shown_headers(own, self._secrets(schedule.task, args, kwargs, own))
        return route.target(self.app, schedule.task, options, args, kwargs, headers=shown, past_expires=past)

    def _secrets(self, task: str, args: Any, kwargs: Any, headers: Any) -> Secrets:
        return Secrets.of(self.secret_keys, calls.names(self.app, task).possible, (args, kwargs), headers=headers)

    def _text(self, text: str, what: Dispatch) -> str:
        """A text of the platform's own code, which may repeat arguments, with secrets masked."""
        return self._secrets(what.task, what.args, what.kwargs, what.options.get("headers")).text(text)

    def _publish(self, what: Dispatch, producer: Any) -> Any:
        args, kwargs = typed(what.args, Field.ARGS), typed(what.kwargs, Field.KWARGS)
        options: Mapping[str, Any] = {**_aware(what.options), "task_id": what.task_id, "producer": producer}
        if (task := self.app.tasks.get(what.task)) is not None:
            return task.apply_async(args, kwargs, **options)
        return self.app.send_task(what.task, args, kwargs, **options)

    @contextlib.contextmanager
    def _producer(self, task: TaskId, within: float) -> Iterator["_Producer"]:
        """A producer for this task, whose connection has just answered. Raises NotSent."""
        until = time.monotonic() + within
        try:
            producer: Any = self._pool.acquire(block=True, timeout=within)
        except Exception as exc:
            raise NotSent(_unreachable(exc)) from exc
        try:
            try:
                producer.revive(connect(producer.connection, until - time.monotonic()))
            except Exception as exc:
                refusal = answers.refusal(exc, producer.connection.transport.driver_type)
                raise NotSent(_unreachable(exc) if refusal is None else refusal.reason) from exc
            yield _Producer(producer, task, declares=self.declares)
        finally:
            producer.release()


def _aware(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options with an aware `expires`. Without USE_TZ, the row's is in the site's local time. Celery would read that as UTC, and
    workers as a time in their `timezone`.
    """
    expires = options.get("expires")
    if isinstance(expires, datetime) and timezone.is_naive(expires):
        return {**options, "expires": timezone.make_aware(expires, timezone.get_default_timezone())}
    return options


class _Producer:
    """kombu's producer, for the message of one task. The task's own code may also publish other messages over it.

    It changes a message after Celery has called the platform's routers, hooks and signals. So these see the task's own values,
    as when beat sends.
    """

    def __init__(self, producer: Any, task: TaskId, *, declares: bool) -> None:
        self._producer = producer
        self._task = task
        self._declares = declares
        self._exchange = self.routing_key = ""
        self.transport = str(producer.connection.transport.driver_type)
        self.began = False  # whether any message may have left
        self.attempts = 0  # how often publishing this task over this producer has begun
        self._sent = set[str]()  # the ids of the tasks that were sent
        self.is_over = False  # True: nothing may be published any more, as the person is told that nothing was sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def sent(self, task: str) -> bool:
        return task in self._sent

    def publish(self, body: Any, **options: Any) -> Any:
        task = str(options.get("correlation_id") or "")  # Celery's id of the task. Events have none.
        if task == self._task:
            self.attempts += 1
        # Celery counts in `Published.attempts` before it calls this, and `_check` sets `is_over` before it reads that number. So
        # a message of another thread is either counted there or refused here.
        if self.is_over:
            raise RuntimeError("too late: runtask has already said that this task was not sent")
        is_rabbitmq = self.transport == "amqp"
        if self._declares or not is_rabbitmq:  # other brokers don't compare the arguments of a queue
            # kombu would declare the queues later. If a declaration fails here, the message has certainly not been sent.
            for entity in options.get("declare") or ():
                self._producer.maybe_declare(entity)
        self._exchange, self.routing_key = (str(options.get(name) or "") for name in ("exchange", "routing_key"))
        if is_rabbitmq and not self._exchange:
            # With this, RabbitMQ returns a message whose queue doesn't exist. Otherwise it would drop the message. Named exchanges
            # don't get it: one that delays messages returns those that it will deliver later (rabbitmq_delayed_message_exchange).
            options["mandatory"] = True
        own_headers = options.get("headers") or {}
        if "ignore_result" in own_headers:
            own_headers["ignore_result"] = False  # we want the result
        self.began = True
        answer = self._producer.publish(body, **{**options, "declare": [], "retry": False})
        self._sent.add(task)
        return answer

    def has_one_queue(self) -> bool:
        """Whether the message goes to one queue at most. kombu's own exchanges put it into one queue after the other."""
        if not self._exchange:
            return True
        try:
            return self.transport != "amqp" and len(self.channel._lookup(self._exchange, self.routing_key)) <= 1  # noqa: SLF001
        except Exception:  # noqa: BLE001  # the broker can't be asked any more
            return False


def _unsent(exc: Exception, producer: _Producer, text: str) -> Exception:
    """A NotSent or a FateUnknown for an error of publishing. `text` is the error's text, without secrets."""
    connection = producer.connection
    refusal = answers.refusal(exc, producer.transport, producer.routing_key)
    # The task's own code may have caught the connection's error and raised another one.
    is_network = any(_is_network(one, connection) for one in islice(_chain(exc), 20))
    is_before = isinstance(exc, BEFORE) and not (producer.began and is_network)
    if refusal is None and (is_before or not (producer.began or is_network)):
        return _not_sent(Code.CELERY_REFUSED, error=answers.shown(text or type(exc).__name__))
    is_sure = (
        not producer.began
        or (refusal is not None and refusal.of_all)
        or ((refusal is not None or producer.transport in SURE) and producer.has_one_queue())
    )
    connection.collect()  # its channel may be closed, or another server may have taken over
    if refusal is not None and refusal.reason.code is Code.BROKER_READ_ONLY:
        connection.maybe_switch_next()  # another address may be that of the new server
    return (NotSent if is_sure else FateUnknown)(_unreachable(exc) if refusal is None else refusal.reason)


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """The error, then the errors that led to it."""
    current: BaseException | None = exc
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _is_network(exc: BaseException, connection: Any) -> bool:
    """Whether the connection failed. kombu counts KeyError as a connection error of Redis; we take it for the platform's own."""
    return isinstance(exc, (OperationalError, *connection.connection_errors)) and not isinstance(exc, LookupError)


def _stored(text: str, of: Field) -> Any:
    """A row's arguments for the platform's routers. An empty list or dict if they can't be sent, which the form reports."""
    try:
        return typed(arguments.parse_stored(text, of), of)
    except Invalid:
        return arguments.TYPES[of]()


def _pool(app: Celery) -> ProducerPool:
    connections = own_connection(app).Pool(limit=POOL_SIZE)
    return ProducerPool(connections=connections, Producer=app.amqp.Producer, limit=POOL_SIZE)


def _check(answer: Any, task: TaskId, producer: _Producer, seen: Published) -> None:
    """Raises NotSent or FateUnknown if the task's own `apply_async` has returned without sending the task.

    celery-singleton returns the task that is already waiting or running. celery-once returns a result without an id. Others
    return None, as after `if not cache.add(lock): return`. But some return None after they have sent the task, too.
    """
    other = getattr(answer, "id", None)
    is_ours = other == task
    producer.is_over = not is_ours  # the task's code may have kept the producer, to publish later
    if producer.sent(task) or seen.sent:
        return
    if other and producer.sent(str(other)):  # the task's code has sent it with another id
        return
    if producer.began or seen.attempts:  # the task's code has caught the error, or has published something else
        raise FateUnknown(Reason(code=Code.HELD_BACK))
    if not is_ours:
        raise _not_sent(Code.HELD_BACK_BY, task=str(other)) if other else _not_sent(Code.HELD_BACK)


def _not_sent(code: Code, **params: str) -> NotSent:
    return NotSent(Reason(code=code, params=params))


def _unreachable(exc: BaseException) -> Reason:
    """The reason with the error's name only: the error's text may hold an address with a password."""
    return Reason(code=Code.BROKER_UNREACHABLE, params={"error": type(exc.__cause__ or exc).__name__})
