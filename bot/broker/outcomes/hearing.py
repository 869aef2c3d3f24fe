"""Receives workers' events and records the outcomes of our runs. One process does it for all. If it ends, another takes over."""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

from celery import Celery
from kombu import Consumer

from bot.broker import eventqueue, workers
from bot.broker.connection import connect, own_connection
from bot.broker.control import Control
from bot.broker.eventqueue import RABBITMQ, EventQueue, Refused
from bot.broker.outcomes import events, heard
from bot.broker.outcomes.events import EventOutcomes
from bot.broker.outcomes.heard import Event
from bot.core.reasons import Code, Reason
from bot.core.status import OPEN
from bot.models import Run
from bot.runs import clock, finish, sources

log = logging.getLogger(__name__)

LISTEN = 0.5  # seconds for which a step waits for its first message
MORE = 0.01  # seconds for which it waits for each later message
BATCH = 500  # messages in a step; also the most that RabbitMQ sends us before we acknowledge them
HEARTBEAT = 10.0  # seconds of silence after which RabbitMQ may close the connection
ENABLE = 5.0  # seconds between two commands to send events: a worker may have started meanwhile
RENEW = 1.0  # seconds after which a process renews its claim; a fifth of the time that a claim lasts
STANDBY = 1.0  # seconds between two tries to claim the source
AFTER_ERROR = 2.0  # seconds until the next try to connect
# Seconds for which a process on standby keeps messages, to take over without a gap.
SPARE = 2 * sources.HELD.total_seconds()
MOST_KEPT = 10_000  # messages that a process keeps; if more come, the oldest are dropped
MOST_ASKED = 500  # tasks that workers are asked about
GONE = "ready"  # a worker's word for a task that it has finished (celery/worker/control.py)


@dataclass
class Hearing:
    """Receives and records events. A `Loop`, which survives errors, calls `step`.

    On RabbitMQ, only the process that has claimed the source reads the queue. It acknowledges messages after it has recorded
    them. On Redis, every process receives all messages. A process on standby drops them after `SPARE` seconds.
    """

    app: Celery
    outcomes: EventOutcomes
    queue: EventQueue
    deadline: float  # seconds after a report until a run is overdue
    wake: Callable[[], None]  # called when notices are owed
    secret_keys: tuple[str, ...]
    _name: str = field(default_factory=lambda: uuid4().hex)
    _connection: Any = None
    # Messages that aren't recorded yet, each with its arrival on the monotonic clock.
    _got: deque[tuple[float, Any]] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    _since: datetime | None = None  # on Redis: this process has missed no event since then
    # Runs that were asked for before this may have ended unnoticed. None: there are none, or this is saved already.
    _missed_before: datetime | None = None
    _holds: bool = False  # whether this process had the claim when it last looked
    _renew_at: float = float("-inf")  # when the claim must be renewed, on the monotonic clock
    _enabled_at: float = float("-inf")  # the last command to send events, on the monotonic clock

    @cached_property
    def _is_kept(self) -> bool:
        """Whether the broker keeps events in a queue while no process reads them."""
        return eventqueue.transport(self.app) == RABBITMQ

    def step(self) -> float:
        if self._is_kept and not self._claims():
            self.close()
            return STANDBY
        try:
            self._listen()
        except Exception as exc:  # noqa: BLE001  # whatever the transport raises
            self._give_up(exc)
            return AFTER_ERROR
        if self._claims():
            self._note_missed()
            self._record()
        else:
            self._forget()
        return 0.0

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if self._is_kept:
            self._got.clear()  # RabbitMQ delivers them again
        if connection is not None:
            connection.collect()

    def _claims(self) -> bool:
        """Whether this process has claimed the source. Renews the claim if necessary, or tries to get it."""
        if self._holds and time.monotonic() < self._renew_at:
            return True
        held_before = self._holds
        followed = None if held_before else sources.followed_until(self.outcomes.source)
        self._holds = sources.hold(self.outcomes.source, self._name, now=clock.now())
        self._renew_at = time.monotonic() + RENEW
        if self._holds and not held_before:
            log.info("this process hears the workers' events now")
            self._enabled_at = float("-inf")
            if self._since is not None and (followed is None or followed < self._since):
                self._missed_before = self._since
        return self._holds

    def _listen(self) -> None:
        if self._connection is None:
            self._connect()
        connection = self._connection
        if self._is_kept:
            connection.heartbeat_check()
        if self._holds and time.monotonic() - self._enabled_at >= ENABLE:
            self._enabled_at = time.monotonic()
            if self.app.conf.worker_enable_remote_control:
                Control(self.app).enable_events(connection=connection)
        self._receive(LISTEN)
        self.outcomes.problem = None

    def _connect(self) -> None:
        connection = own_connection(self.app, HEARTBEAT)
        try:
            connect(connection, eventqueue.WITHIN)
            queue, was_there = self.queue.declare(self.app, connection)
            formats = eventqueue.formats(self.app)
            is_kept = self._is_kept
            consumer = Consumer(queue.channel, [queue], on_message=self._take, no_ack=not is_kept, accept=formats)
            if is_kept:
                consumer.qos(prefetch_count=BATCH)
            consumer.consume()
        except Exception:
            connection.collect()
            raise
        self._connection = connection
        self._receive(MORE)  # kombu subscribes on Redis only when it reads
        if not is_kept:
            self._since = clock.last()
        elif not was_there:
            self._missed_before = clock.last()

    def _take(self, message: Any) -> None:
        if len(self._got) == self._got.maxlen and not self._is_kept:  # the oldest message is dropped
            self._since = clock.last()
            if self._holds:
                self._missed_before = self._since
        self._got.append((time.monotonic(), message))

    def _receive(self, within: float) -> None:
        """Waits for a first message, then takes all that are there, about BATCH at most."""
        room = BATCH
        while room > 0:
            before = len(self._got)
            try:
                self._connection.drain_events(timeout=within)
            except TimeoutError:
                return
            room -= max(1, len(self._got) - before)
            within = MORE

    def _record(self) -> None:
        """Records the messages, then acknowledges them. Raises the database's errors; a later step then tries again."""
        if not self._got:
            return
        batch = list(self._got)
        found = events.outcomes(event for _, message in batch for event in _events(message))
        changed = finish.record(found, now=clock.now(), deadline=self.deadline, secret_keys=self.secret_keys)
        if changed:
            self.wake()
        _, last = batch[-1]
        if self._is_kept:
            last.ack(multiple=True)
        self._got.clear()

    def _forget(self) -> None:
        """Drops messages that the process with the claim has recorded by now."""
        old = time.monotonic() - SPARE
        while self._got and self._got[0][0] < old:
            self._got.popleft()

    def _note_missed(self) -> None:
        """Saves that older open runs may have ended while no process listened, unless a worker still has their tasks."""
        if (before := self._missed_before) is None:
            return
        waiting = Run.objects.filter(source=self.outcomes.source, state__in=OPEN, created_at__lt=before)
        tasks = list(waiting.order_by().values_list("task_id", flat=True)[:MOST_ASKED])
        if tasks and (
            noted := sources.missed(self.outcomes.source, before=before, still_there=self._at_workers(tasks))
        ):
            log.warning("nobody listened to the workers for some time: the ends of %s runs may have gone by", noted)
        self._missed_before = None

    def _at_workers(self, tasks: list[str]) -> set[str]:
        """Those of the tasks that a worker says it has. A worker that doesn't answer may have others."""
        try:
            answers = workers.ask(self.app, "query_task", workers.WAIT, *tasks) or {}
        except Exception as exc:  # noqa: BLE001  # whatever the transport raises
            log.info("workers could not be asked for their tasks: %s", type(exc).__name__)
            return set()
        return {task for theirs in answers.values() for task, (state, *_) in theirs.items() if state != GONE}

    def _give_up(self, exc: Exception) -> None:
        """Closes the connection and gives up the claim. Keeps the error's name only: its text may hold a password."""
        self.close()
        reason = exc.reason if isinstance(exc, Refused) else None
        params = {"error": type(exc.__cause__ or exc).__name__}
        self.outcomes.problem = reason or Reason(code=Code.SOURCE_SILENT, params=params)
        self._since = None
        held, self._holds = self._holds, False
        if held:
            sources.let_go(self.outcomes.source, self._name, now=clock.now())


def _events(message: Any) -> list[Event]:
    """The events in a message. No events if it can't be read: whoever may publish to the broker may publish anything."""
    try:
        return heard.of_tasks(message.payload)
    except Exception:  # noqa: BLE001  # whatever decoders raise
        return []
