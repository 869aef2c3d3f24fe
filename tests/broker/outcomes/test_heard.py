"""Outcomes that are read from workers' events. `events.json` has events of real workers, in their order, by fate."""

import json
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.broker.outcomes import events, heard
from bot.core.model import Outcome
from bot.core.reasons import Code
from bot.core.secrets import WORDS
from bot.models import Notice, Run
from bot.runs import finish
from tests.factories import NOW, TASK_ID, a_run

Event = dict[str, Any]
RECORDED: dict[str, list[Event]] = json.loads(Path(__file__).with_name("events.json").read_text())
ENDS = {  # state, status, result
    "returns": ("finished", "SUCCESS", "{'rows': 1, 'password': '••••••'}"),
    "returns nothing": ("finished", "SUCCESS", ""),
    "fails": ("finished", "FAILURE", "ValueError('no such region')"),
    "is tried again": ("finished", "SUCCESS", "'at the second try'"),
    "is rejected": ("finished", "FAILURE", "reject requeue=False: no"),
    "is rejected, before Celery 5.7": ("unseen", "REJECTED", ""),
    "is unknown": ("finished", "FAILURE", "NotRegistered('nobody.knows')"),
    "expires": ("finished", "REVOKED", "TaskRevokedError: expired"),
    "takes too long": ("finished", "FAILURE", "TimeLimitExceeded: TimeLimitExceeded(1,)"),  # two events report it
    "is killed": ("finished", "FAILURE", "WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL) Job: 1."),
    "is terminated": ("finished", "REVOKED", "TaskRevokedError: terminated"),
}
FATES = pytest.mark.parametrize("fate", RECORDED)


def of(fate: str) -> list[Event]:
    return deepcopy(RECORDED[fate])


def elsewhere(events: list[Event]) -> list[Event]:
    """The same events from another worker, whose logical clock is lower and whose time is wrong."""
    return [
        {**event, "hostname": "celery@two", "clock": number, "timestamp": 9.0 + number}
        for number, event in enumerate(events, 1)
    ]


def hear(*batches: Iterable[Event]) -> None:
    """Records the events, as a process does."""
    for batch in batches:
        finish.record(events.outcomes(heard.of_tasks(list(batch))), now=NOW, deadline=1800, secret_keys=WORDS)


def end(run: Run) -> tuple[str, ...]:
    run.refresh_from_db()
    return run.state, run.status, run.result, run.traceback


def said(fate: str, kind: str) -> Event:
    """The first event of this kind in a fate."""
    return next(event for event in of(fate) if event["type"] == kind)


def only(event: Event) -> Outcome:
    [outcome] = heard.news("", [event], has_ended=False)
    return outcome


@pytest.fixture
def run(db: None) -> Run:
    return a_run(source="events", task_id=TASK_ID)


def kinds(run: Run) -> set[str]:
    return set(Notice.objects.filter(run=run).values_list("kind", flat=True))


@FATES
def test_every_fate_is_told(run: Run, fate: str) -> None:
    hear(*([event] for event in of(fate)))
    state, status, result, traceback = end(run)
    assert (state, status, result) == ENDS[fate]
    assert ("in boom" in traceback) is (fate == "fails")
    assert ("final" in kinds(run)) is (state == "finished")
    assert "again" not in kinds(run)


def test_a_message_that_a_worker_rejects_ends_its_run_with_the_reason(run: Run) -> None:
    hear(of("is rejected, before Celery 5.7"))
    assert end(run)[0] == "unseen"
    assert run.unseen_reason is not None
    assert run.unseen_reason.code is Code.REJECTED
    assert "unseen" in kinds(run)
    hear(of("fails"))  # the rejection only means that the failed task wasn't acknowledged (`acks_late`)
    assert end(run)[:2] == ("finished", "FAILURE")
    assert run.unseen_because == ""


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[str, list[list[Event]]]:
    """The events of a fate, each at least once, in any order and in any batches. A second try may be another worker's."""
    fate = draw(st.sampled_from(sorted(RECORDED)))
    sent = of(fate)
    if fate == "is tried again" and draw(st.booleans()):
        sent = [*sent[:2], sent[3], *elsewhere([sent[2], *sent[4:]])]
    order = draw(st.permutations([*range(len(sent)), *draw(st.lists(st.integers(0, len(sent) - 1), max_size=6))]))
    cuts = sorted(draw(st.sets(st.integers(0, len(order)), max_size=4)))
    parts = [order[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    return fate, [[deepcopy(sent[number]) for number in part] for part in parts]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None)
@given(deliveries())
def test_an_end_is_the_same_however_its_events_arrive(delivered: tuple[str, list[list[Event]]]) -> None:
    fate, batches = delivered
    Run.objects.all().delete()
    run = a_run(source="events", task_id=TASK_ID)
    hear(*batches)
    assert end(run)[:3] == ENDS[fate]
    assert bool(end(run)[3]) is bool(of(fate)[-1].get("traceback") or fate == "is rejected")
    assert "again" not in kinds(run)


def test_an_earlier_state_of_the_same_worker_is_ignored(run: Run) -> None:
    received, started, _ = of("returns")
    hear([started], [received])
    assert end(run)[:2] == ("running", "STARTED")


def test_after_a_restart_a_workers_logical_clock_begins_again(run: Run) -> None:
    received, started, _ = of("returns")
    hear([received, started], [{**received, "pid": 1, "clock": 0}])
    assert end(run)[1] == "RECEIVED"


def test_a_second_end_is_recorded_once(run: Run) -> None:
    first, second = of("returns"), elsewhere(of("fails"))
    for _ in range(2):  # RabbitMQ delivers again what wasn't acknowledged
        hear([*first, *second])
    assert end(run)[:2] == ("finished", "SUCCESS")
    assert [one["status"] for one in run.later_ends] == ["FAILURE"]


def test_a_duration_is_measured_by_the_clock_of_its_worker() -> None:
    received, started, succeeded = of("returns")
    began = datetime.fromtimestamp(started["timestamp"], UTC)
    later = {**succeeded, "timestamp": started["timestamp"] + 9, "runtime": 8.5}
    assert heard.news("", [received, started, later], has_ended=False)[0].started_at == began
    assert only(later).started_at == began + timedelta(seconds=0.5)
    assert only(said("fails", "task-failed")).started_at is None, "no event says when it began"


def test_only_events_that_may_be_about_our_runs_are_looked_at() -> None:
    started = said("returns", "task-started")
    strange: list[Any] = [
        None,
        7,
        "task-started",
        {},
        {"type": "worker-heartbeat", "hostname": "w"},
        {**started, "type": "task-sent"},
        {**started, "type": ["task-started"]},
        {**started, "uuid": None},
        {**started, "uuid": "\0" * 36},
        {**started, "uuid": "somebody else's"},
        {**started, "type": "task-rejected", "requeue": True},
    ]
    assert heard.of_tasks(strange) == []
    assert [heard.of_tasks(one) for one in strange] == [[] for _ in strange]


@pytest.mark.django_db
def test_many_events_of_others_cost_one_query(django_assert_num_queries: Any) -> None:
    event = said("returns", "task-started")
    others = [{**event, "uuid": f"{number:08x}-0000-4000-8000-000000000000"} for number in range(events.BATCH)]
    with django_assert_num_queries(1):
        assert events.outcomes(heard.of_tasks(others * 3)) == []


@pytest.mark.django_db
@pytest.mark.parametrize("changes", [{"source": "rows"}, {"state": "not_sent"}, {"state": "withdrawn"}])
def test_runs_that_are_followed_elsewhere_or_were_never_sent_are_left_alone(changes: dict[str, str]) -> None:
    a_run(**{"source": "events", "task_id": TASK_ID, **changes})
    assert events.outcomes(of("returns")) == []


@pytest.mark.parametrize(
    "forged",
    [
        {"clock": "12", "pid": {}, "hostname": None},
        {"clock": -1, "timestamp": float("nan"), "runtime": float("inf")},
        {"clock": 10**400, "timestamp": 10**400, "runtime": 10**400},
        {"timestamp": "yesterday", "runtime": "long", "result": ["x"], "hostname": "\ud800" * 300},
        {"timestamp": 4e9, "runtime": -1, "result": "\0\x1b[31m" * 100_000},
        {"timestamp": -1, "traceback": 7, "exception": {"a": 1}},
    ],
)
@FATES
def test_malformed_events_are_recorded_as_far_as_possible(run: Run, forged: Event, fate: str) -> None:
    last = {**of(fate)[-1], **forged}
    if last["type"] == "task-rejected":
        last["requeue"] = False
    hear([last])
    assert end(run)[0] in ("finished", "unseen")
    assert "\0" not in run.result


@FATES
def test_a_token_is_read_as_it_was_written(fate: str) -> None:
    for event in of(fate):
        mark = heard.Mark.of(event)
        assert heard.Mark.load(str(mark)) == mark
        assert len(str(mark._replace(clock=heard.CLOCK_LIMIT))) <= 100


@pytest.mark.parametrize("token", ["", "2026-11-05T12:00:00 SUCCESS", "5bb8ac10", "x y z", "7 STARTED"])
def test_a_token_of_another_form_is_not_read(token: str) -> None:
    assert heard.Mark.load(token) is None
