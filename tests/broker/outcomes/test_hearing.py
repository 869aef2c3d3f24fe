"""Which process hears events, what it does when the broker or the database fails, and what it says was missed.

Here the broker is kombu's in memory, over which nothing waits for a process that is away; services/test_events.py has real ones.
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
def process(app: Celery, woken: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Hearing]]:
    """Makes one. Each has a queue of its own, as on Redis."""
    monkeypatch.setattr(hearing, "LISTEN", 0.05)
    monkeypatch.setattr(hearing, "RENEW", 0.0)
    made: list[Hearing] = []

    def make() -> Hearing:
        queue = EventQueue(name=uuid4().hex, length=10, expires=60)
        made.append(Hearing(app, EventOutcomes(), queue, deadline=1800, wake=lambda: woken.append("owed")))
        return made[-1]

    yield make
    for one in made:
        one.close()


def send(app: Celery, *fates: str) -> None:
    """As a prefork worker: several in one message."""
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


def let_time_pass() -> None:
    """The claim of whoever has it is over."""
    SourceHealth.objects.update(held_until=clock.now() - timedelta(seconds=0.001))


def test_what_is_heard_is_recorded_and_somebody_is_woken(
    app: Celery, process: Callable[[], Hearing], run: Run, woken: list[str]
) -> None:
    ear = process()
    assert ear.step() == 0.0
    send(app, "returns")
    ear.step()
    assert (state(run), woken) == ("finished", ["owed"])


def test_one_process_hears_and_another_one_takes_over_without_a_gap(
    app: Celery, process: Callable[[], Hearing], run: Run
) -> None:
    first, second = process(), process()
    for one in (first, second):
        one.step()
    send(app, "returns")
    second.step()
    assert state(run) == "sent", "it is the other one's"
    let_time_pass()  # and the first one is dead
    second.step()
    assert state(run) == "finished", "it has heard that, too"
    assert run.unseen_because == ""


def test_what_the_other_one_has_recorded_by_now_is_forgotten(
    app: Celery, process: Callable[[], Hearing], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "SPARE", 0.0)
    first, second = process(), process()
    for one in (first, second):
        one.step()
    send(app, "returns")
    second.step()
    assert not second._got


def test_a_run_from_before_anybody_listened_may_have_ended_unnoticed(process: Callable[[], Hearing], run: Run) -> None:
    earlier = a_run(source="events", created_at=clock.now() - timedelta(hours=1))
    elsewhere = a_run(source="rows", created_at=clock.now() - timedelta(hours=1))
    process().step()
    earlier.refresh_from_db()
    elsewhere.refresh_from_db()
    assert earlier.unseen_reason is not None
    assert earlier.unseen_reason.code is Code.UNHEARD
    assert (earlier.state, elsewhere.unseen_because) == ("sent", "")


def test_a_task_that_a_worker_still_has_was_not_missed(
    process: Callable[[], Hearing], monkeypatch: pytest.MonkeyPatch
) -> None:
    there, gone, unknown = (a_run(source="events", created_at=clock.now() - timedelta(hours=1)) for _ in range(3))
    answers = {"w": {there.task_id: ["active", {}], gone.task_id: ["ready", {}]}}
    monkeypatch.setattr(workers, "ask", lambda *_: answers)
    process().step()
    for run, is_noted in ((there, False), (gone, True), (unknown, True)):
        run.refresh_from_db()
        assert bool(run.unseen_because) is is_noted


def test_why_an_end_may_have_been_missed_is_why_it_stays_unknown(process: Callable[[], Hearing]) -> None:
    run = a_run(source="events", created_at=clock.now() - timedelta(hours=1))
    process().step()
    finish.give_up(now=clock.now() + timedelta(days=400))
    run.refresh_from_db()
    assert run.unseen_reason is not None
    assert (run.state, run.unseen_reason.code) == ("unseen", Code.UNHEARD)


def test_a_word_of_a_worker_shows_that_nothing_was_missed(
    app: Celery, process: Callable[[], Hearing], run: Run
) -> None:
    Run.objects.update(created_at=clock.now() - timedelta(hours=1))
    ear = process()
    ear.step()
    send(app, "fails")
    ear.step()
    assert (state(run), run.unseen_because) == ("finished", "")


def test_while_the_database_is_away_what_is_heard_is_kept(
    app: Celery, process: Callable[[], Hearing], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = process()
    ear.step()
    send(app, "returns")
    with monkeypatch.context() as broken:
        broken.setattr(events, "outcomes", lambda _: (_ for _ in ()).throw(OperationalError("gone")))
        with pytest.raises(OperationalError):
            ear.step()
    ear.step()
    assert state(run) == "finished"


def test_a_broker_that_is_away_is_said_without_its_address_and_left_to_others(
    app: Celery, process: Callable[[], Hearing], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise ConnectionResetError("redis://:hunter2@127.0.0.1:1/0")

    ear = process()
    ear.step()
    monkeypatch.setattr(ear._connection, "drain_events", fail)
    assert ear.step() == hearing.AFTER_ERROR
    with pytest.raises(SourceSilent) as caught:
        ear.outcomes.of(TaskId("t"))
    assert str(caught.value) == "source_silent: ConnectionResetError"
    assert sources.hold(Source.EVENTS, "another", now=clock.now()), "at once"
    let_time_pass()
    assert ear.step() == 0.0
    assert ear.outcomes.of(TaskId("t")) == []
    send(app, "returns")
    ear.step()
    assert state(run) == "finished"


def test_a_message_that_cannot_be_read_hides_no_other(app: Celery, process: Callable[[], Hearing], run: Run) -> None:
    ear = process()
    ear.step()
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
    ear.step()
    assert state(run) == "finished"


def events_exchange(app: Celery, connection: Connection) -> Any:
    return app.events.Dispatcher(connection).exchange


def test_a_source_is_held_by_one_until_it_is_silent_or_lets_go() -> None:
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


def test_a_source_that_only_says_that_it_is_well_has_no_news() -> None:
    outcomes = EventOutcomes()
    assert (outcomes.changed(), outcomes.of(TaskId("t")), outcomes.last_run(None)) == ([], [], None)  # type: ignore[arg-type]
