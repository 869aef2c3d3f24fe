"""Four ways to send the same row: beat's scheduler, runtask, beat's admin, and a bare `send_task`. Each calls the real code."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from celery import Celery
from celery._state import get_current_app
from django.contrib.admin import site
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from kombu.pools import ProducerPool

from bot.broker.catalog import BeatCatalog
from bot.broker.send import CelerySender
from bot.core.model import Actor, RunRequest, ScheduleId
from bot.core.secrets import WORDS
from bot.models import Run
from bot.runs import start
from bot.runs.budget import Budget
from bot.runs.door import Platform, admit
from tests.factories import FORM_KEYS
from tests.fakes import FakeOutcomes, FakeQueues, FakeStopper

Way = Callable[[Celery, PeriodicTask, Actor], None]


class Refusal(Exception):
    """A way sends nothing. The text gives its reason."""


class Admin(PeriodicTaskAdmin):  # type: ignore[misc]  # beat has no types
    """beat's admin. It raises Refusal where it would tell people that a task isn't registered."""

    def __init__(self, app: Celery) -> None:
        super().__init__(PeriodicTask, site)
        self.celery_app = app

    def message_user(self, request: Any, message: str, level: Any = None, **kwargs: Any) -> None:
        if "not found" in message:
            raise Refusal("refuses: the task isn't registered")


def beat(app: Celery, row: PeriodicTask, actor: Actor) -> None:
    """Sends as beat's process does: its app is current, and its scheduler reads the table and sends over its producer."""
    with _current(app):
        scheduler = DatabaseScheduler(app=app, lazy=True)
        try:
            entry = scheduler.all_as_schedule().get(row.name)
            if entry is None:  # the row isn't enabled or can't be read: this makes the entry that beat would send
                entry = scheduler.Entry(row, app=app)
            if not PeriodicTask.objects.get(pk=row.pk).enabled and row.enabled:
                raise Refusal("disables the row")
            scheduler.apply_async(entry, producer=scheduler.producer, advance=False)
        finally:
            scheduler.close()
            if "connection" in vars(scheduler):
                scheduler.connection.close()


def runtask(app: Celery, row: PeriodicTask, actor: Actor) -> None:
    """Starts a run by the row's id, with the permission check."""
    sender = CelerySender(app, WORDS)
    platform = Platform(
        catalog=BeatCatalog(app),
        sources=FakeOutcomes().sources(),
        queues=FakeQueues(),
        stopper=FakeStopper(),
        sender=sender,
        secret_keys=(),
        deadline=1800,
        form_keys=FORM_KEYS,
    )
    try:
        start.start(admit(platform, actor), request_for(row), Budget())
    finally:
        sender._pool.connections.force_close_all()


def request_for(row: PeriodicTask) -> RunRequest:
    """A request to run the row as it is stored."""
    return RunRequest(
        key=f"parity:{row.pk}:{Run.objects.count()}",
        schedule=ScheduleId(row.pk),
        args=None,
        kwargs=None,
        fingerprint=None,
    )


def run_selected_tasks(app: Celery, row: PeriodicTask, actor: Actor) -> None:
    """Runs the action of beat's admin."""
    Admin(app).run_tasks(None, PeriodicTask.objects.filter(pk=row.pk))


def send_task(app: Celery, row: PeriodicTask, actor: Actor) -> None:
    """Sends in one line, as a home-made page may do."""
    app.send_task(row.task, args=json.loads(row.args), kwargs=json.loads(row.kwargs))


WAYS: dict[str, Way] = {"runtask": runtask, "beat": beat}
PEERS: dict[str, Way] = {"admin": run_selected_tasks, "bare": send_task}


@contextmanager
def _current(app: Celery) -> Iterator[None]:
    before = get_current_app()
    app.set_current()
    try:
        yield
    finally:
        before.set_current()


@contextmanager
def connected(app: Celery) -> Iterator[Celery]:
    """Gives the app a pool of producers of its own, because kombu shares pools between apps."""
    amqp: Any = app.amqp
    amqp._producer_pool = ProducerPool(connections=app.connection_for_write().Pool(limit=2), Producer=amqp.Producer)
    with closing(app):
        yield app
        amqp._producer_pool.connections.force_close_all()
