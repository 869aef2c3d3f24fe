"""A Stop is repeated until the end of the run is seen, unless that would harm: what workers are told, and when."""

from typing import Any

import pytest

from bot.core.model import TaskId
from bot.core.ports import NotTold, SourceSilent
from bot.core.secrets import WORDS
from bot.core.stops import Standing, Way
from bot.models import Run
from bot.runs import clock, finish, stop
from tests.factories import an_outcome, unreachable
from tests.runs.conftest import Door
from tests.runs.stopping import ends, owed, repeating, sent, stopped, told_again

pytestmark = pytest.mark.django_db


def begun(**fields: Any) -> Run:
    """A run whose worker has reported that it has begun the task."""
    return sent(**{"state": "running", "status": "STARTED", "started_at": clock.now(), **fields})


def reads(door: Door, run: Run, status: str, token: str, result: str = "") -> None:
    """Makes the next repetition find this status at the source."""
    door.outcomes.news = [an_outcome(status, task_id=TaskId(run.task_id), token=token, at=clock.now(), result=result)]


def test_workers_are_told_later_if_the_broker_is_away(door: Door) -> None:
    door.stopper.fails = NotTold(unreachable())
    run = stopped(door, sent())
    assert run.stop_standing is Standing.WAITS
    door.stopper.fails = None
    assert told_again(door, run) == 1


def test_workers_are_told_again_until_the_end_of_the_run_is_seen(door: Door) -> None:
    run = stopped(door, sent())
    assert [told_again(door, run), told_again(door, run)] == [1, 1]
    ends(run, "SUCCESS")
    assert told_again(door, run) == 0
    run.refresh_from_db()
    assert (run.stop_due_at, run.stop_tries) == (None, 3)
    assert run.stop_standing in (Standing.RAN_TO_ITS_END, Standing.ENDED_FIRST)


def test_workers_are_told_again_though_a_worker_has_marked_the_task_as_revoked(door: Door) -> None:
    run = stopped(door, sent())
    ends(run, "REVOKED", "TaskRevokedError: revoked")
    assert told_again(door, run) == 1, "its message may still wait for a worker that hasn't been told"
    Run.objects.update(deadline_at=clock.now())
    assert told_again(door, run) == 0, "after the deadline, workers aren't told any more"


def test_workers_are_not_told_again_about_a_terminated_task(door: Door) -> None:
    door.may_kill = True
    run = stopped(door, sent(state="running"), kill=True)
    ends(run, "REVOKED", "TaskRevokedError: terminated")
    assert run.stop_standing is Standing.TERMINATED
    assert told_again(door, run) == 0


def test_a_second_report_of_revocation_is_no_second_end(door: Door) -> None:
    """Each worker may report that it has revoked the task. The more exact reason is shown."""
    run = stopped(door, sent())
    ends(run, "REVOKED", "TaskRevokedError: revoked")
    better = an_outcome("REVOKED", task_id=TaskId(run.task_id), token="t2", result="TaskRevokedError: terminated")
    assert finish.record([better], now=clock.now(), deadline=1800, secret_keys=WORDS) == 1
    run.refresh_from_db()
    assert (run.stop_standing, run.later_ends) == (Standing.TERMINATED, [])
    assert "again" not in owed(run)


def test_an_end_after_a_revocation_is_told(door: Door) -> None:
    run = stopped(door, sent())
    ends(run, "REVOKED", "TaskRevokedError: revoked")
    later = an_outcome("SUCCESS", task_id=TaskId(run.task_id), token="t2")
    assert finish.record([later], now=clock.now(), deadline=1800, secret_keys=WORDS) == 1
    assert "again" in owed(run)


MARK = "TaskRevokedError: revoked"


@pytest.mark.parametrize(("marks", "times"), [(False, 1), (True, 0)], ids=["other versions", "5.6.2 and 5.6.3"])
def test_workers_are_told_again_about_a_task_that_has_begun_unless_they_would_mark_it(
    door: Door, monkeypatch: pytest.MonkeyPatch, marks: bool, times: int
) -> None:
    """If the worker dies, another one may get the task. But a worker that marks any task as REVOKED could replace its result."""
    monkeypatch.setattr(stop, "MARKS_ANY_TASK", marks)
    run = stopped(door, begun())
    assert door.stopper.told == [([run.task_id], Way.REVOKE)], "so that the task isn't tried again"
    assert told_again(door, run) == times
    ends(run, "RETRY")
    assert told_again(door, run) == 1, "a worker that doesn't know of the Stop may get the next try"


def test_workers_are_told_to_stop_a_running_task_later_if_they_could_not_be_told_at_once(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop, "MARKS_ANY_TASK", True)
    door.stopper.fails = NotTold(unreachable())
    run = stopped(door, begun())
    assert told_again(door, run) == 0
    door.stopper.fails = None
    assert told_again(door, run) == 1
    assert told_again(door, run) == 0


@pytest.mark.parametrize("news", [("STARTED", ""), ("FAILURE", "ValueError: no"), ("SUCCESS", "7")], ids=str)
def test_the_source_is_asked_before_workers_are_told_again(
    door: Door, monkeypatch: pytest.MonkeyPatch, news: tuple[str, str]
) -> None:
    monkeypatch.setattr(stop, "MARKS_ANY_TASK", True)
    run = stopped(door, sent())
    reads(door, run, news[0], "t1", news[1])
    assert told_again(door, run) == 0
    run.refresh_from_db()
    assert run.status == news[0]


def test_workers_are_told_again_if_the_source_is_silent(door: Door) -> None:
    run = stopped(door, sent())
    door.outcomes.silent = SourceSilent(unreachable())
    assert told_again(door, run) == 1


@pytest.mark.parametrize("news", [("STARTED", ""), ("FAILURE", "ValueError: no")], ids=str)
def test_workers_are_not_told_again_about_a_task_that_ran_although_it_was_marked(
    door: Door, news: tuple[str, str]
) -> None:
    run = stopped(door, sent())
    ends(run, "REVOKED", MARK)
    reads(door, run, news[0], "t2", news[1])
    assert [told_again(door, run), told_again(door, run)] == [0, 0]
    run.refresh_from_db()
    assert (run.status, run.stop_due_at) == ("REVOKED", None)


@pytest.mark.parametrize("state", ["running", "overdue"])
@pytest.mark.parametrize("kill", [False, True])
def test_a_mark_does_not_end_a_run_whose_task_has_begun(door: Door, state: str, kill: bool) -> None:
    door.may_kill = True
    run = stopped(door, begun(state=state, result="3 of 10"), kill=kill)
    ends(run, "REVOKED", MARK)
    assert (run.state, run.finished_at, run.result) == ("running", None, "3 of 10")
    assert (run.stop_standing, "final" in owed(run)) == (Standing.TERMINATING if kill else Standing.RUNS_ON, False)
    later = an_outcome("FAILURE", task_id=TaskId(run.task_id), token="t2", result="ValueError: no", at=clock.now())
    assert finish.record([later], now=clock.now(), deadline=1800, secret_keys=WORDS) == 1
    run.refresh_from_db()
    assert (run.state, run.status, run.result, run.later_ends) == ("finished", "FAILURE", "ValueError: no", [])
    assert (run.stop_standing, "final" in owed(run)) == (Standing.RAN_TO_ITS_END, True)


@pytest.mark.parametrize("fields", [{}, {"state": "unseen", "unseen_because": '{"code": "never_heard"}'}], ids=str)
def test_a_mark_is_the_end_if_nothing_else_is_heard_until_the_deadline(door: Door, fields: dict[str, Any]) -> None:
    run = stopped(door, begun(**fields))
    ends(run, "REVOKED", MARK)
    assert finish.mark_overdue(now=run.deadline_at) == 1
    run.refresh_from_db()
    assert (run.state, run.status, run.result, run.stop_standing) == ("finished", "REVOKED", MARK, Standing.REVOKED)
    assert run.unseen_reason is None
    assert {"final"} <= owed(run)
    assert "deadline" not in owed(run)


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({}, "TaskRevokedError: terminated"),
        ({}, "TaskRevokedError: expired"),
        ({}, "the task's own words"),
        ({"status": "RETRY"}, MARK),
        ({"started_at": None, "status": "PROGRESS"}, MARK),
        ({"source": "events"}, MARK),
    ],
    ids=str,
)
def test_other_revocations_end_a_run(door: Door, fields: dict[str, Any], result: str) -> None:
    run = stopped(door, begun(**fields))
    ends(run, "REVOKED", result)
    assert (run.state, run.status) == ("finished", "REVOKED")


def test_a_running_abortable_task_is_only_marked(door: Door) -> None:
    """A worker with Celery 5.6.3 would replace the mark by REVOKED, so that the task doesn't see it."""
    door.stopper.abortable = True
    run = stopped(door, begun())
    assert door.stopper.told == [([run.task_id], Way.ABORT)]
    ends(run, "ABORTED")
    assert told_again(door, run) == 0


def test_two_processes_tell_workers_once(door: Door) -> None:
    run = stopped(door, sent())
    Run.objects.update(stop_due_at=clock.now())
    [stale] = Run.objects.all()
    assert stop._is_our_turn(Run.objects.get(), clock.now())
    assert not stop._is_our_turn(stale, clock.now())
    assert Run.objects.get(pk=run.pk).stop_tries == 2


def test_workers_are_told_about_many_tasks_at_once(door: Door) -> None:
    runs = [stopped(door, sent()) for _ in range(3)]
    door.stopper.told.clear()
    Run.objects.update(stop_due_at=clock.now())
    repeating(door).step()
    assert [(set(tasks), way) for tasks, way in door.stopper.told] == [({run.task_id for run in runs}, Way.REVOKE)]


def test_a_message_that_nobody_has_taken_is_taken_back(door: Door) -> None:
    run = sent()
    door.stopper.waiting = {TaskId(run.task_id)}
    run = stopped(door, run)
    assert (run.state, run.stop_standing, run.stop_due_at) == ("withdrawn", Standing.WITHDRAWN, None)
    assert owed(run) == {"root", "id", "progress", "closed"}
    assert door.stopper.told == []
    late = an_outcome("SUCCESS", task_id=TaskId(run.task_id))
    assert finish.record([late], now=clock.now(), deadline=1800, secret_keys=WORDS) == 0


@pytest.mark.parametrize("fields", [{"state": "running", "status": "RETRY"}, {"state": "unseen"}], ids=str)
def test_a_run_that_a_worker_may_have_begun_is_not_withdrawn(door: Door, fields: dict[str, Any]) -> None:
    run = sent(**fields)
    door.stopper.waiting = {TaskId(run.task_id)}
    assert stopped(door, run).state == fields["state"]
    assert door.stopper.waiting


def test_without_stopped_runs_one_query_is_made(door: Door, django_assert_num_queries: Any) -> None:
    sent()
    clock.now()
    with django_assert_num_queries(1):
        assert repeating(door).step() == stop.IDLE
