"""Reading and running schedules change neither beat's tables nor a running beat."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from celery import Celery
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from bot.broker.catalog import BeatCatalog
from bot.broker.send import CelerySender
from bot.core.model import Actor, RunId, ScheduleId
from bot.core.secrets import WORDS
from bot.models import Run
from bot.runs import see, start
from bot.runs.budget import Budget
from bot.runs.door import Platform, admit
from bot.runs.follow import follow
from bot.runs.refusals import Refused
from tests.factories import FORM_KEYS, a_row, staff_actor
from tests.fakes import FakeOutcomes, FakeQueues, FakeStopper
from tests.parity.compare import beats_tables
from tests.parity.ways import request_for

BROKERS = {"a broker": "memory://", "no broker": "redis://127.0.0.1:1/0"}
ODD = {
    "arguments": {"args": "{", "kwargs": "[1]"},
    "headers": {"headers": "[]"},
    "past": {"expires": "2020-01-01T00:00:00Z"},
    "blank": {"args": "", "kwargs": "", "headers": "", "queue": "", "exchange": ""},
}


@pytest.fixture(params=list(BROKERS.values()), ids=list(BROKERS))
def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    monkeypatch.setenv("CELERY_BROKER_URL", request.param)
    with Celery("platform", set_as_current=False, fixups=[]) as app:
        app.conf.task_default_queue = "tests.rows"
        yield Platform(
            catalog=BeatCatalog(app),
            sources=FakeOutcomes().sources(),
            queues=FakeQueues(),
            stopper=FakeStopper(),
            sender=CelerySender(app, WORDS),
            secret_keys=(),
            deadline=1800,
            form_keys=FORM_KEYS,
        )


@pytest.fixture
def actor(transactional_db: None) -> Actor:
    return staff_actor()


def try_everything(platform: Platform, actor: Actor, row: PeriodicTask) -> None:
    admitted = admit(platform, actor)
    assert see.find(admitted, row.name[:3], 100).total
    assert see.preview(admitted, ScheduleId(row.pk))
    with suppress(Refused):
        start.check(admitted, request_for(row))
    with suppress(Refused):
        start.start(admitted, request_for(row), Budget())
    for run in Run.objects.all():
        follow(admitted, RunId(run.pk))


def test_beats_tables_are_left_as_they_were(platform: Platform, actor: Actor) -> None:
    rows = [a_row("once", one_off=True), *(a_row(name) for name in ODD)]
    for name, fields in ODD.items():
        PeriodicTask.objects.filter(name=name).update(**fields)
    before = beats_tables()
    for row in rows:
        try_everything(platform, actor, row)
    assert Run.objects.count() == 3, "the rows `once`, `past` and `blank` can be run"
    assert beats_tables() == before


def test_a_running_beat_notices_no_change(platform: Platform, actor: Actor) -> None:
    row = a_row("once", one_off=True)
    beat = DatabaseScheduler(app=platform.sender.app, lazy=True)  # type: ignore[attr-defined]  # a CelerySender here
    assert set(beat.schedule) == {"once"}
    assert not beat.schedule_changed()
    try_everything(platform, actor, row)
    assert not beat.schedule_changed()
    row.refresh_from_db()
    assert (row.enabled, row.total_run_count, row.last_run_at) == (True, 0, None), "beat's own run is still to come"
    row.save()
    assert beat.schedule_changed(), "beat does notice a real change"
