"""Sends every case in every way, and finds the fields in which the messages differ."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from celery import Celery
from celery.beat import SchedulingError
from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from kombu import Exchange, Queue

from bot.core.model import Actor
from bot.runs.refusals import Refused
from bot.texts import problem_text
from tests.factories import a_row
from tests.parity.cases import TASK, Case, moments
from tests.parity.ways import Refusal, Way, connected
from tests.parity.wire import Broker, Fields

ABSENT = "absent"
MARKS = frozenset({"headers.runtask_run_id", "headers.runtask_requester"})
BEATS_MARK = "headers.celery_beat_task"  # since Celery 5.6
RESULT = "headers.ignore_result"


@dataclass(frozen=True)
class Sent:
    """The messages that one way sent for a row, or the reason why it sent none."""

    messages: list[Fields] = field(default_factory=list)
    because: str = ""


@dataclass(frozen=True)
class Compared:
    """A case, sent in all ways. `is_untouched`: all ways but beat's own left beat's tables as they were."""

    case: Case
    ways: Mapping[str, Sent]
    is_untouched: bool


def differing(one: Fields, other: Fields) -> frozenset[str]:
    return frozenset(name for name in one.keys() | other.keys() if one.get(name, ABSENT) != other.get(name, ABSENT))


def intended(beat: Fields, case: Case) -> frozenset[str]:
    """The fields in which our message must differ from beat's. docs/parity.md gives the reasons."""
    found = MARKS | case.differs
    if BEATS_MARK in beat:
        found |= {BEATS_MARK}
    if beat.get(RESULT, False) is not False:
        found |= {RESULT}
    return found


@contextmanager
def stored(case: Case, url: str, now: datetime) -> Iterator[tuple[Celery, int, list[str]]]:
    """An app and a row's id for the case, and a list of the tasks that the app has run in this process."""
    with override_settings(**case.django), _app(case, url, now) as (app, ran):
        at = now if settings.USE_TZ else timezone.make_naive(now)
        row = a_row(**{"name": "nightly", "task": TASK, **moments(case.row, at)})
        PeriodicTask.objects.filter(pk=row.pk).update(**case.stored)
        yield app, row.pk, ran
        row.delete()


def compare(case: Case, ways: Mapping[str, Way], broker: Broker, actor: Actor, now: datetime) -> Compared:
    sent: dict[str, Sent] = {}
    is_untouched = True
    with stored(case, broker.url, now) as (app, row, ran):
        for name, way in ways.items():
            before = beats_tables()
            sent[name] = _send(app, way, row, actor, broker, ran)
            is_untouched &= name == "beat" or beats_tables() == before
        broker.clear(queues(app))
    return Compared(case, sent, is_untouched)


def beats_tables() -> list[Any]:
    """The contents of beat's tables on which beat's schedule depends."""
    return [*PeriodicTask.objects.order_by("pk").values(), *PeriodicTasks.objects.values()]


def _send(app: Celery, way: Way, pk: int, actor: Actor, broker: Broker, ran: list[str]) -> Sent:
    """Sends the row in one way, and takes the messages from the broker."""
    because = ""
    try:
        way(app, PeriodicTask.objects.get(pk=pk), actor)
    except Refused as exc:
        because = " ".join(problem_text(problem).splitlines()[0] for problem in exc.problems)
    except Refusal as exc:
        because = str(exc)
    except SchedulingError as exc:  # beat wraps the error
        because = f"fails: {type(exc.__context__).__name__}"
    except Exception as exc:  # noqa: BLE001  # a way may fail in any manner with such a row
        because = f"fails: {type(exc).__name__}"
    if ran:
        ran.clear()
        because = "runs the task in its own process"
    return Sent(broker.take(queues(app)), because)


@contextmanager
def _app(case: Case, url: str, now: datetime) -> Iterator[tuple[Celery, list[str]]]:
    """An app with a stopped clock, and a list of the tasks that it has run in this process."""
    ran: list[str] = []
    app: Any = Celery(
        "platform", broker=url, set_as_current=False, fixups=[]
    )  # Django's fixup would run all checks each time
    app.conf.update(**case.conf)
    vars(app)["now"] = lambda: now.astimezone(app.timezone)
    if case.task is not None:
        declared = dict(case.task)
        function = declared.pop("takes", None) or _task(ran)
        app.task(name=TASK, shared=False, **declared)(function)
    with connected(app):
        app.finalize()
        if case.bound:
            exchange, kind, key = case.bound
            with app.connection_for_write() as connection:
                Queue("caught", Exchange(exchange, kind), key).bind(connection.default_channel).declare()
        yield app, ran


def _task(ran: list[str]) -> Any:
    def nightly(*args: Any, **kwargs: Any) -> None:
        ran.append("nightly")

    return nightly


def queues(app: Celery) -> set[str]:
    return {"caught", *app.amqp.queues}
