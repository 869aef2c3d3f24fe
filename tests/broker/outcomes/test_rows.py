"""Outcomes that are read from django-celery-results' own rows."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_celery_results.models import TaskResult

from bot.broker.outcomes.rows import BATCH, RowOutcomes
from bot.core.model import Outcome, TaskId
from bot.core.secrets import WORDS
from bot.models import Run
from bot.runs import finish
from bot.runs.finish import RESULT_LIMIT, TRACEBACK_LIMIT
from tests.factories import NOW, a_result, a_run

HAS_START = hasattr(TaskResult, "date_started")  # since the results app 2.6


def the_outcome() -> Outcome:
    (outcome,) = RowOutcomes().changed()
    return outcome


def record() -> int:
    return finish.record(RowOutcomes().changed(), now=NOW, deadline=1800, secret_keys=WORDS)


@pytest.mark.django_db
def test_an_outcome_has_the_values_of_its_row() -> None:
    run = a_run()
    row = a_result(run.task_id, "FAILURE", result='{"exc_type": "E", "exc_message": ["x"]}', traceback="T", worker="w@1",
                   **({"date_started": NOW} if HAS_START else {}))  # fmt: skip
    assert the_outcome() == Outcome(
        task_id=TaskId(run.task_id), status="FAILURE", token=f"{row.date_done.isoformat()} FAILURE", at=row.date_done, started_at=NOW if HAS_START else None, result="E: x", result_length=4,
        traceback="T", worker="w@1",
    )  # fmt: skip


@pytest.mark.django_db
def test_long_results_and_tracebacks_are_shortened_at_the_right_end() -> None:
    run = a_run()
    a_result(run.task_id, result=json.dumps("x" * 200_000), traceback="\n".join(f"line {n}" for n in range(5000)))
    assert record() == 1
    run.refresh_from_db()
    assert (len(run.result), run.result_length) == (RESULT_LIMIT, 200_000)
    assert len(run.traceback) <= TRACEBACK_LIMIT
    assert run.traceback.endswith("line 4999")


@pytest.mark.django_db
def test_text_that_no_database_takes_is_recorded_in_a_cleaned_form() -> None:
    """Otherwise the odd output of one task would stop every pass of the watcher, for all runs."""
    hostile, sound = a_run(), a_run()
    a_result(hostile.task_id, result='"a\\u0000b\\ud800c"', traceback="\x1b[31mT\x1b[0m")
    a_result(sound.task_id)
    assert record() == 2
    hostile.refresh_from_db()
    assert (hostile.result, hostile.traceback) == ("a�b�c", "T")


@pytest.mark.django_db
def test_only_rows_written_since_the_last_pass_are_reported() -> None:
    run, other = a_run(), a_run()
    row = a_result(run.task_id, "STARTED")
    assert [outcome.task_id for outcome in RowOutcomes().changed()] == [run.task_id]
    assert record() == 1
    assert RowOutcomes().changed() == []

    a_result(other.task_id, "STARTED")
    row.status = "SUCCESS"
    row.save()
    assert {outcome.status for outcome in RowOutcomes().changed()} == {"STARTED", "SUCCESS"}
    assert record() == 2
    assert RowOutcomes().changed() == []


@pytest.mark.django_db
def test_a_row_with_an_older_date_is_reported_too() -> None:
    """The clocks of workers differ."""
    run = a_run(seen="later STARTED", seen_at=NOW + timedelta(hours=1), state="running")
    a_result(run.task_id)
    TaskResult.objects.update(date_done=NOW)
    assert the_outcome().at == NOW


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "minutes", "is_news"),
    [
        ("finished", 1, True),
        ("unseen", 1, True),
        ("finished", -1, False),
        ("unseen", -1, False),
        ("not_sent", 1, False),
        ("finished", 10_000, False),  # a run of an older version, which didn't watch ended runs
    ],
)
def test_ended_runs_are_looked_at_until_their_deadline(state: str, minutes: int, *, is_news: bool) -> None:
    run = a_run(state=state, deadline_at=timezone.now() + timedelta(minutes=minutes))
    a_result(run.task_id)
    outcomes = RowOutcomes()
    assert bool(outcomes.changed()) is is_news
    assert outcomes.changed() == [], "they are looked at once a minute, at most"


@pytest.mark.django_db
def test_runs_of_other_sources_are_not_looked_at() -> None:
    a_result(a_run(source="backend").task_id)
    assert RowOutcomes().changed() == []


@pytest.mark.django_db
def test_results_of_tasks_that_are_not_ours_are_not_looked_at() -> None:
    a_result("somebody else's")
    assert RowOutcomes().changed() == []


@pytest.mark.django_db
def test_a_pass_takes_as_many_queries_with_a_long_history(django_assert_num_queries: Any) -> None:
    for number in range(50):
        a_result(f"history-{number}")
    with django_assert_num_queries(2):  # open runs, and those that ended lately
        RowOutcomes().changed()
    for _ in range(10):
        a_result(a_run().task_id)
    with django_assert_num_queries(4):
        assert len(RowOutcomes().changed()) == 10


@pytest.mark.django_db
def test_many_new_results_are_read_in_batches_and_the_oldest_open_runs_come_first() -> None:
    until = timezone.now() + timedelta(minutes=1)
    runs = Run.objects.bulk_create(
        Run(key=f"k{n}", task_id=f"t{n}", state=state, schedule_id=1, schedule_name="s", task="t", deadline_at=until)
        for n, state in enumerate(["sent"] * (BATCH + 20) + ["finished"] * 20)
    )
    TaskResult.objects.bulk_create(TaskResult(task_id=run.task_id, status="SUCCESS", date_done=NOW) for run in runs)
    TaskResult.objects.update(date_done=NOW)
    first = {outcome.task_id for outcome in RowOutcomes().changed()}
    assert first == {f"t{n}" for n in range(BATCH)}


@pytest.mark.django_db
def test_between_full_passes_only_the_latest_results_are_read(
    django_assert_num_queries: Any,
) -> None:
    outcomes, old, new = RowOutcomes(), a_run(), a_run()
    assert outcomes.changed() == []
    outcomes._full._next = float("inf")
    a_result(old.task_id)
    TaskResult.objects.update(date_done=NOW)  # its worker's clock is wrong, or it was committed late
    a_result(new.task_id)
    with django_assert_num_queries(3):
        assert [outcome.task_id for outcome in outcomes.changed()] == [new.task_id]
    finish.record(outcomes.changed(), now=NOW, deadline=1800, secret_keys=WORDS)
    assert outcomes.changed() == []
    outcomes._full._next = 0.0
    assert [outcome.task_id for outcome in outcomes.changed()] == [old.task_id]


needs_start = pytest.mark.skipif(not HAS_START, reason="the results app says when a task began since 2.6")


@needs_start
@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [-300, -60, -15, 15, 60, 300])
@pytest.mark.parametrize("status", ["STARTED", "SUCCESS"])
def test_a_start_in_another_time_zone_is_ignored(status: str, minutes: int) -> None:
    """In the results app, the database writes the start. It may use the local time of its session."""
    now = timezone.now()
    run = a_run(created_at=now - timedelta(minutes=2), sent_at=now - timedelta(minutes=2))
    a_result(run.task_id, status, date_started=now - timedelta(minutes=1) + timedelta(minutes=minutes))
    assert the_outcome().started_at is None
    assert RowOutcomes().of(TaskId(run.task_id))[0].started_at is None


@needs_start
@pytest.mark.django_db
@pytest.mark.parametrize("approved", [False, True])
def test_a_start_while_the_message_was_being_sent_is_accepted(*, approved: bool) -> None:
    """A worker may begin before we note that the message was sent. An approved run was asked for long before it was sent."""
    now = timezone.now()
    asked, sent = now - timedelta(hours=5 if approved else 0, seconds=10), now - timedelta(seconds=9)
    run = a_run(created_at=asked, sent_at=sent)
    row: Any = a_result(run.task_id, date_started=sent - timedelta(milliseconds=500))
    assert the_outcome().started_at == row.date_started
    TaskResult.objects.update(date_started=now - timedelta(hours=5))
    assert the_outcome().started_at is None


@needs_start
@pytest.mark.django_db
def test_a_start_must_follow_the_request_if_the_time_of_sending_is_unknown() -> None:
    now = timezone.now()
    run = a_run(created_at=now - timedelta(seconds=9), sent_at=None, state="unknown")
    row: Any = a_result(run.task_id, date_started=now - timedelta(seconds=5))
    assert the_outcome().started_at == row.date_started
    TaskResult.objects.update(date_started=now - timedelta(seconds=10))
    assert the_outcome().started_at is None


@needs_start
@pytest.mark.django_db
def test_a_run_whose_start_is_ignored_has_no_duration() -> None:
    now = timezone.now()
    run = a_run(created_at=now, sent_at=now)
    a_result(run.task_id, date_started=now - timedelta(hours=5))
    assert record() == 1
    run.refresh_from_db()
    assert (run.state, run.started_at, run.duration) == ("finished", None, None)


@pytest.mark.django_db
def test_a_row_that_a_platform_writes_when_it_publishes_is_ignored() -> None:
    run = a_run()
    a_result(run.task_id, "PENDING")
    outcomes = RowOutcomes()
    assert outcomes.changed() == []
    outcomes._full._next = float("inf")
    assert outcomes.changed() == [], "a pass between two full ones ignores it, too"
    assert outcomes.of(TaskId(run.task_id)) == []
    TaskResult.objects.update(status="SUCCESS")
    assert [outcome.status for outcome in outcomes.changed()] == ["SUCCESS"]


@pytest.mark.django_db
def test_many_rows_from_publishing_hide_no_end() -> None:
    runs = [a_run(key=f"k{number}") for number in range(BATCH + 1)]
    TaskResult.objects.bulk_create(TaskResult(task_id=run.task_id, status="PENDING") for run in runs[:-1])
    a_result(runs[-1].task_id)
    assert [outcome.task_id for outcome in RowOutcomes().changed()] == [runs[-1].task_id]
