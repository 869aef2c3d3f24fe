"""Outcomes change the state of a run, and its thread gets notices about it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from celery import states
from django.db.models import Q

from bot.core.model import NoticeKind, Outcome, Source, TaskId
from bot.core.pauses import Pauses
from bot.core.reasons import Code, Reason
from bot.core.secrets import WORDS
from bot.models import Notice, Run
from bot.runs import finish, outbox
from tests.factories import NOW, a_run, an_outcome

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def record(*outcomes: Outcome, after: timedelta = timedelta(0)) -> int:
    return finish.record(outcomes, now=NOW + after, deadline=1800, secret_keys=WORDS)


def said(run: Run, status: str, seconds: float = 0, **facts: object) -> Outcome:
    return an_outcome(status, task_id=TaskId(run.task_id), at=NOW + timedelta(seconds=seconds), **facts)


def owed(run: Run) -> set[str]:
    return set(Notice.objects.filter(run=run).values_list("kind", flat=True))


@pytest.fixture
def run(db: None) -> Run:
    """A run that was just sent, with its first notices, as `start` leaves it."""
    run = a_run()
    outbox.owe(run, NoticeKind.ROOT, NoticeKind.ID, now=NOW)
    return run


@pytest.mark.parametrize("status", sorted(states.ALL_STATES | {"PROGRESS"}))
def test_every_status_of_celery_is_recorded_with_the_state_that_it_means(run: Run, status: str) -> None:
    assert record(said(run, status, result="42", worker="w1")) == 1
    run.refresh_from_db()
    finished = status in states.READY_STATES
    waiting = status in ("PENDING", "RECEIVED")
    assert run.state == ("finished" if finished else "sent" if waiting else "running")
    assert (run.status, run.seen_at, run.result, run.worker) == (status, NOW, "42", "w1")
    assert run.finished_at == (NOW if finished else None)
    assert owed(run) == {"root", "id", "progress"} | ({"final"} if finished else set())


def test_the_same_outcome_again_changes_nothing(run: Run) -> None:
    outcome = said(run, "STARTED")
    assert [record(outcome), record(outcome)] == [1, 0]
    final = said(run, "FAILURE", 5, traceback="T")
    assert [record(final), record(final)] == [1, 0]
    assert Notice.objects.get(run=run, kind="progress").version == 2
    run.refresh_from_db()
    assert (run.status, run.traceback) == ("FAILURE", "T")


def test_a_second_end_is_told_and_the_first_one_stays(run: Run) -> None:
    """If a worker is lost after its task has ended, another worker runs the task again (`acks_late`)."""
    record(said(run, "SUCCESS", result="1"))
    assert record(said(run, "STARTED", 3)) == 0, "not an end"
    assert [record(said(run, "FAILURE", 5, result="x")) for _ in range(2)] == [1, 0]
    run.refresh_from_db()
    assert (run.state, run.status, run.result) == ("finished", "SUCCESS", "1")
    assert [(end["status"], end["result"]) for end in run.later_ends] == [("FAILURE", "x")]
    assert owed(run) == {"root", "id", "progress", "final", "again"}


def test_the_same_end_again_is_not_told(run: Run) -> None:
    record(said(run, "SUCCESS", result="1"))
    assert record(said(run, "SUCCESS", 5, result="1")) == 0
    assert "again" not in owed(run)


def test_a_third_end_is_told_too(run: Run) -> None:
    record(said(run, "SUCCESS"))
    record(said(run, "FAILURE", 5))
    Notice.objects.update(state="sent")
    record(said(run, "REVOKED", 9))
    assert Notice.objects.get(kind="again").state == "owed"


def test_only_the_last_ends_are_kept(run: Run) -> None:
    record(said(run, "SUCCESS"))
    for number in range(15):
        record(said(run, "FAILURE", 5 + number, result=str(number)))
    ends = Run.objects.get().later_ends
    assert [end["result"] for end in ends] == [str(number) for number in range(5, 15)]


def test_an_ended_run_is_watched_for_another_hour(run: Run) -> None:
    record(said(run, "SUCCESS"), after=HOUR)
    assert Run.objects.get().deadline_at == NOW + 2 * HOUR


def test_a_day_after_its_deadline_a_run_ends_unseen_and_a_late_end_still_counts(run: Run) -> None:
    assert finish.mark_overdue(now=NOW + HOUR) == 1
    assert finish.give_up(now=NOW + 24 * HOUR) == 0
    assert finish.give_up(now=NOW + 25 * HOUR) == 1
    run.refresh_from_db()
    assert (run.state, run.unseen_reason) == ("unseen", Reason(code=Code.NEVER_HEARD))
    assert owed(run) == {"root", "id", "progress", "deadline", "unseen"}
    record(said(run, "RECEIVED", 89_000))
    assert Run.objects.get().unseen_reason is not None, "the run has ended unseen already"
    assert record(said(run, "STARTED", 90_000)) == 1
    run.refresh_from_db()
    assert (run.state, run.unseen_because) == ("running", "")
    assert record(said(run, "SUCCESS", 90_001)) == 1
    run.refresh_from_db()
    assert (run.state, run.status) == ("finished", "SUCCESS")
    assert "final" in owed(run)


def test_runs_of_a_source_that_does_not_answer_do_not_become_overdue(run: Run) -> None:
    assert finish.mark_overdue(now=NOW + HOUR, of=~Q(source=Source.ROWS)) == 0
    assert finish.mark_overdue(now=NOW + HOUR, of=Q(source=Source.ROWS)) == 1


def test_outcomes_of_tasks_that_are_not_ours_are_ignored(run: Run) -> None:
    assert record(an_outcome(task_id=TaskId("somebody else's"))) == 0


def test_the_first_status_since_the_start_sets_the_time_of_the_start(run: Run) -> None:
    record(said(run, "STARTED", 1))
    record(said(run, "PROGRESS", 5))
    record(said(run, "SUCCESS", 9))
    run.refresh_from_db()
    assert run.started_at == NOW + timedelta(seconds=1)
    assert run.finished_at == NOW + timedelta(seconds=9)


@pytest.mark.parametrize("status", ["PENDING", "RECEIVED"])
def test_a_status_before_the_start_sets_no_time_of_the_start(run: Run, status: str) -> None:
    record(said(run, status, 1))
    record(said(run, "SUCCESS", 9))
    run.refresh_from_db()
    assert (run.started_at, run.duration) == (None, None)


def test_the_start_that_the_worker_reports_is_preferred(run: Run) -> None:
    record(said(run, "SUCCESS", 9, started_at=NOW + timedelta(seconds=2)))
    assert Run.objects.get().started_at == NOW + timedelta(seconds=2)


def test_a_run_has_no_start_if_none_was_reported(run: Run) -> None:
    record(said(run, "SUCCESS", 9))
    assert Run.objects.get().started_at is None


@pytest.mark.parametrize("state", ["queued", "unknown"])
def test_a_result_finishes_a_run_whose_sending_was_uncertain(db: None, state: str) -> None:
    """The process may have crashed before it saved the notices, or the result may be faster than our own commit."""
    run = a_run(state=state, sent_at=None)
    assert record(said(run, "SUCCESS")) == 1
    run.refresh_from_db()
    assert run.state == "finished"
    assert owed(run) == {"root", "id", "progress", "final"}


def test_each_report_moves_the_deadline(run: Run) -> None:
    record(said(run, "STARTED"), after=HOUR)
    assert Run.objects.get().deadline_at == NOW + HOUR + timedelta(minutes=30)
    assert finish.mark_overdue(now=NOW + HOUR) == 0


@pytest.mark.parametrize("state", ["queued", "sent", "unknown", "running"])
def test_a_silent_run_is_told_once_when_its_deadline_passes(db: None, state: str) -> None:
    run = a_run(state=state)
    before = run.deadline_at - timedelta(seconds=1)
    assert finish.mark_overdue(now=before) == 0
    assert [finish.mark_overdue(now=run.deadline_at), finish.mark_overdue(now=NOW + HOUR)] == [1, 0]
    run.refresh_from_db()
    assert run.state == "overdue"
    assert owed(run) == {"root", "id", "deadline", "progress"}


@pytest.mark.parametrize("state", ["finished", "not_sent", "overdue"])
def test_a_run_that_has_ended_or_is_overdue_does_not_become_overdue(db: None, state: str) -> None:
    a_run(state=state)
    assert finish.mark_overdue(now=NOW + HOUR) == 0


def test_a_late_result_still_arrives(run: Run) -> None:
    finish.mark_overdue(now=NOW + HOUR)
    assert record(said(run, "SUCCESS", 4000), after=2 * HOUR) == 1
    run.refresh_from_db()
    assert run.state == "finished"
    assert owed(run) == {"root", "id", "deadline", "progress", "final"}


def test_a_late_report_is_followed_but_the_deadline_is_told_only_once(run: Run) -> None:
    finish.mark_overdue(now=NOW + HOUR)
    record(said(run, "STARTED", 4000), after=HOUR)
    assert Run.objects.get().state == "running"
    finish.mark_overdue(now=NOW + 3 * HOUR)
    assert Notice.objects.filter(run=run, kind="deadline").count() == 1


def test_many_runs_are_moved_in_one_pass_and_counted(db: None) -> None:
    runs = [a_run() for _ in range(5)]
    assert record(*[said(run, "SUCCESS") for run in runs], an_outcome(task_id=TaskId("other"))) == 5
    assert set(Run.objects.values_list("state", flat=True)) == {"finished"}


def test_a_run_without_a_channel_ends_without_a_notice(db: None) -> None:
    run = a_run(channel="")
    assert record(said(run, "SUCCESS")) == 1
    assert owed(run) == set()


def test_an_outcome_that_the_database_refuses_blocks_no_other(db: None) -> None:
    bad, good = a_run(), a_run()
    outcomes = [
        an_outcome(task_id=TaskId(bad.task_id), result_length=-1),
        an_outcome(task_id=TaskId(good.task_id)),
    ]
    assert finish.record(outcomes, now=NOW, deadline=60, secret_keys=WORDS) == 1
    good.refresh_from_db()
    assert good.state == "finished"


def test_an_outcome_that_the_database_refuses_is_tried_again_after_a_pause_or_when_it_changes(
    db: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source returns such an outcome at each pass, five times a second."""
    run = a_run()
    bad = an_outcome(task_id=TaskId(run.task_id), result_length=-1)
    refused = f"the outcome of task {run.task_id} can't be recorded"
    for _ in range(3):
        assert record(bad) == 0
    assert caplog.text.count(refused) == 1
    with monkeypatch.context() as later:
        later.setattr(finish, "_refused", Pauses(0))
        assert record(bad) == 0
    assert caplog.text.count(refused) == 2
    assert record(replace(bad, token="another", result_length=1)) == 1


def test_only_one_index_begins_with_the_state() -> None:
    """With two such indexes, PostgreSQL may choose the worse one while its statistics know of no open runs."""
    assert [index.name for index in Run._meta.indexes if index.fields[0] == "state"] == ["runtask_run_deadline"]
