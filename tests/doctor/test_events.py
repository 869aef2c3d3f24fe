"""Findings if outcomes are read from workers' events."""

from typing import Any

import pytest

from bot import wiring
from bot.broker import eventqueue, heartbeats
from bot.conf import Conf
from bot.doctor import events, results
from bot.doctor.findings import Level
from tests.doctor.test_parts import subject, told
from tests.factories import a_row

pytestmark = pytest.mark.django_db


def test_tasks_that_send_no_events_are_reported_if_events_are_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventqueue, "transport", lambda _: eventqueue.REDIS)
    monkeypatch.setattr(events, "ask", lambda *_: {})
    app, by_events = wiring.celery_app(), subject(conf=Conf(outcomes="events"))
    a_row(task="celery.backend_cleanup")
    assert "send_events" not in told(results.results(by_events))
    monkeypatch.setattr(app.tasks["celery.backend_cleanup"], "send_events", False)
    found = told(results.results(by_events))
    assert found["source"].found == "events: in the events that workers send while they run tasks"
    assert "celery.backend_cleanup" in found["send_events"].found
    assert "track_started" not in found, "ignored results don't matter if events are the source"


def test_workers_without_heartbeats_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "ask", lambda *_: {"a@1": {"ok": "pong"}, "b@1": {"ok": "pong"}})
    heard = {"a@1"}
    monkeypatch.setattr(heartbeats, "heard", lambda *_: heard)
    [finding] = events._workers(wiring.celery_app())
    assert (finding.level, "b@1" in finding.found) == (Level.PROBLEM, True)
    heard.add("b@1")
    [finding] = events._workers(wiring.celery_app())
    assert (finding.level, finding.found) == (Level.OK, "sent by 2 of 2 workers")


@pytest.mark.parametrize(
    ("there", "level", "words"),
    [
        (None, Level.PROBLEM, "there is no queue"),
        ((7, 0), Level.PROBLEM, "no process reads it"),
        ((60, 1), Level.WARNING, "which holds 100"),
        ((7, 1), Level.OK, "7 messages wait"),
    ],
)
def test_the_queue_of_events_is_checked(monkeypatch: pytest.MonkeyPatch, there: Any, level: Level, words: str) -> None:
    monkeypatch.setattr(eventqueue, "transport", lambda _: "amqp")
    monkeypatch.setattr(eventqueue, "waiting", lambda *_: there)
    [finding] = events._queue(wiring.celery_app(), eventqueue.EventQueue(name="q", length=100, expires=60))
    assert finding.level is level
    assert words in finding.found
