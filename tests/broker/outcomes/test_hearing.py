"""How processes take turns at recording events, survive a failing broker or database, and note which ends they may have missed.

The broker is kombu's in-memory one, which keeps no events for a process that is away. services/test_events.py has real brokers.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.db import OperationalError
from kombu import Connection

from bot.broker import workers
from bot.broker.eventqueue import EventQueue
from bot.broker.outcomes import events, hearing
from bot.broker.outcomes.events import EventOutcomes
from bot.broker.outcomes.hearing import Hearing
from bot.core.model import Source, TaskId
from bot.core.ports import SourceSilent
from bot.core.reasons import Code
from bot.core.secrets import WORDS
from bot.models import Run, SourceHealth
from bot.runs import clock, finish, sources
from tests.factories import TASK_ID, a_run

pytestmark = pytest.mark.django_db
RECORDED: dict[str, list[dict[str, Any]]] = json.loads(Path(__file__).with_name("events.json").read_text())


@pytest.fixture
def app() -> Celery:
    app = Celery("platform", set_as_current=False)
    app.conf.update(
        broker_url="memory://", event_exchange=f"celeryev-{uuid4().hex}", worker_enable_remote_control=False
    )
    return app


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def new_process(app: Celery, woken: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Hearing]]:
    """Makes a `Hearing`, the part of a process that hears events. Each one has its own queue, as on Redis."""
    monkeypatch.setattr(hearing, "LISTEN", 0.05)
    monkeypatch.setattr(hearing, "RENEW", 0.0)
    made: list[Hearing] = []

    def make() -> Hearing:
        queue = EventQueue(name=uuid4().hex, length=10, expires=60)
        made.append(
            Hearing(app, EventOutcomes(), queue, deadline=1800, wake=lambda: woken.append("owed"), secret_keys=WORDS)
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


def send(app: Celery, *fates: str) -> None:
    """Publishes a task's events in one message, as a prefork worker does. A fate is a recorded task, such as `fails`."""
    with app.connection_for_write() as connection:
        dispatcher = app.events.Dispatcher(connection, hostname="w")
        for fate in fates:
            dispatcher.producer.publish(
                RECORDED[fate],
                exchange=app.conf.event_exchange,
                routing_key="task.multi",
                declare=[dispatcher.exchange],
            )


def state(run: Run) -> str:
    run.refresh_from_db()
    return run.state


@pytest.fixture
def run() -> Run:
    return a_run(source="events", task_id=TASK_ID, created_at=clock.now(), deadline_at=clock.now() + timedelta(hours=1))


def end_the_claim() -> None:
    """Ends the claim of the process that has it, as if that process had died."""
    SourceHealth.objects.update(held_until=clock.now() - timedelta(seconds=0.001))


def test_an_event_is_recorded_and_the_deliverer_is_woken(
    app: Celery, new_process: Callable[[], Hearing], run: Run, woken: list[str]
) -> None:
    process = new_process()
    assert process.step() == 0.0
    send(app, "returns")
    process.step()
    assert (state(run), woken) == ("finished", ["owed"])


def test_one_process_records_events_and_another_one_takes_over_without_a_gap(
    app: Celery, new_process: Callable[[], Hearing], run: Run
) -> None:
    first, second = new_process(), new_process()
    for one in (first, second):
        one.step()
    send(app, "returns")
    second.step()
    assert state(run) == "sent", "the first process records it"
    end_the_claim()
    second.step()
    assert state(run) == "finished", "the second process has heard it, too"
    assert run.unseen_because == ""


def test_a_process_forgets_events_that_another_one_has_recorded_by_now(
    app: Celery, new_process: Callable[[], Hearing], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "SPARE", 0.0)
    first, second = new_process(), new_process()
    for one in (first, second):
        one.step()
    send(app, "returns")
    second.step()
    assert not second._got


def test_runs_that_may_have_ended_before_anybody_listened_are_noted(
    new_process: Callable[[], Hearing], run: Run
) -> None:
    earlier = a_run(source="events", created_at=clock.now() - timedelta(hours=1))
    elsewhere = a_run(source="rows", created_at=clock.now() - timedelta(hours=1))
    new_process().step()
    earlier.refresh_from_db()
    elsewhere.refresh_from_db()
    assert earlier.unseen_reason is not None
    assert earlier.unseen_reason.code is Code.UNHEARD
    assert (earlier.state, elsewhere.unseen_because) == ("sent", "")


def test_a_run_is_not_noted_if_a_worker_still_has_its_task(
    new_process: Callable[[], Hearing], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, gone, unknown = (a_run(source="events", created_at=clock.now() - timedelta(hours=1)) for _ in range(3))
    answers = {"w": {there.task_id: ["active", {}], gone.task_id: ["ready", {}]}}
    monkeypatch.setattr(workers, "ask", lambda *_: answers)
    new_process().step()
    for run, is_noted in ((there, False), (gone, True), (unknown, True)):
        run.refresh_from_db()
        assert bool(run.unseen_because) is is_noted


def test_a_noted_run_that_ends_as_unseen_keeps_the_noted_reason(new_process: Callable[[], Hearing]) -> None:
    run = a_run(source="events", created_at=clock.now() - timedelta(hours=1))
    new_process().step()
    finish.give_up(now=clock.now() + timedelta(days=400))
    run.refresh_from_db()
    assert run.unseen_reason is not None
    assert (run.state, run.unseen_reason.code) == ("unseen", Code.UNHEARD)


def test_an_event_about_a_noted_run_removes_the_note(app: Celery, new_process: Callable[[], Hearing], run: Run) -> None:
    Run.objects.update(created_at=clock.now() - timedelta(hours=1))
    process = new_process()
    process.step()
    send(app, "fails")
    process.step()
    assert (state(run), run.unseen_because) == ("finished", "")


def test_events_that_come_while_the_database_is_away_are_recorded_later(
    app: Celery, new_process: Callable[[], Hearing], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = new_process()
    process.step()
    send(app, "returns")
    with monkeypatch.context() as broken:
        broken.setattr(events, "outcomes", lambda _: (_ for _ in ()).throw(OperationalError("gone")))
        with pytest.raises(OperationalError):
            process.step()
    process.step()
    assert state(run) == "finished"


def test_a_process_without_its_broker_says_so_without_an_address_and_lets_others_take_over(
    app: Celery, new_process: Callable[[], Hearing], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise ConnectionResetError("redis://:hunter2@127.0.0.1:1/0")

    process = new_process()
    process.step()
    monkeypatch.setattr(process._connection, "drain_events", fail)
    assert process.step() == hearing.AFTER_ERROR
    with pytest.raises(SourceSilent) as caught:
        process.outcomes.of(TaskId("t"))
    assert str(caught.value) == "source_silent: ConnectionResetError"
    assert sources.hold(Source.EVENTS, "another", now=clock.now()), "another process needn't wait"
    end_the_claim()
    assert process.step() == 0.0
    assert process.outcomes.of(TaskId("t")) == []
    send(app, "returns")
    process.step()
    assert state(run) == "finished"


def test_a_message_that_can_not_be_read_does_not_block_the_others(
    app: Celery, new_process: Callable[[], Hearing], run: Run
) -> None:
    process = new_process()
    process.step()
    with app.connection_for_write() as connection:
        exchange = events_exchange(app, connection)
        producer = connection.Producer(exchange=exchange)
        for body, content in (
            (b"\x80\x04N.", "application/x-python-serialize"),
            (b"{", "application/json"),
            (b"[7]", "application/json"),
        ):
            producer.publish(
                body, routing_key="task.started", content_type=content, content_encoding="utf-8", declare=[exchange]
            )
    send(app, "returns")
    process.step()
    assert state(run) == "finished"


def events_exchange(app: Celery, connection: Connection) -> Any:
    return app.events.Dispatcher(connection).exchange


def test_one_process_holds_a_source_until_it_is_silent_or_lets_go() -> None:
    now = clock.now()
    assert sources.followed_until(Source.EVENTS) is None
    assert [sources.hold(Source.EVENTS, name, now=now) for name in ("a", "b", "a")] == [True, False, True]
    assert sources.followed_until(Source.EVENTS) == now
    assert not sources.hold(Source.EVENTS, "b", now=now + sources.HELD - timedelta(seconds=0.001))
    assert sources.hold(Source.EVENTS, "b", now=now + sources.HELD)
    sources.let_go(Source.EVENTS, "a", now=now + sources.HELD)
    assert not sources.hold(Source.EVENTS, "a", now=now + sources.HELD)
    sources.let_go(Source.EVENTS, "b", now=now + sources.HELD)
    assert sources.hold(Source.EVENTS, "a", now=now + sources.HELD)


def test_the_source_itself_never_has_news() -> None:
    outcomes = EventOutcomes()
    assert (outcomes.changed(), outcomes.of(TaskId("t")), outcomes.last_run(None)) == ([], [], None)  # type: ignore[arg-type]
