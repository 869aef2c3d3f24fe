"""Stop: who may stop a run, what is saved, what workers are told and how often, and which notices are owed."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from bot.core.model import NoticeKind, RunId, TaskId
from bot.core.ports import FateUnknown, NotSent, NotTold
from bot.core.reasons import Code, Reason
from bot.core.secrets import WORDS
from bot.core.stops import Standing, Way
from bot.models import Notice, Run
from bot.runs import clock, finish, outbox, stop
from bot.runs.refusals import CantStop, Ended, MaybeSent, NotAllowed, NothingSent
from tests.factories import a_run, an_actor, an_outcome, unreachable
from tests.runs.conftest import Door

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def sent(**fields: Any) -> Run:
    """A run that was just sent, with its first notices, as `start` leaves it."""
    run = a_run(**{"deadline_at": clock.now() + HOUR, **fields})
    outbox.owe(run, NoticeKind.ROOT, NoticeKind.ID, now=clock.now())
    return run


def stopped(door: Door, run: Run, **how: Any) -> Run:
    found = stop.stop(door.platform, door.request.actor, RunId(run.pk), **how)
    assert found is not None
    return found


def told_again(door: Door, run: Run) -> int:
    """Makes the next repetition due, and returns how often workers were told."""
    before = len(door.stopper.told)
    Run.objects.filter(pk=run.pk, stop_due_at__isnull=False).update(stop_due_at=clock.now())
    stop.Repeating(door.stopper).step()
    return len(door.stopper.told) - before


def ends(run: Run, status: str, result: str = "") -> None:
    outcome = an_outcome(status, task_id=TaskId(run.task_id), at=clock.now(), result=result)
    assert finish.record([outcome], now=clock.now(), deadline=1800, secret_keys=WORDS) == 1
    run.refresh_from_db()


def owed(run: Run) -> set[str]:
    return set(Notice.objects.filter(run=run).values_list("kind", flat=True))


@pytest.mark.parametrize("fields", [{"status": "ABORTED"}, {"state": "finished", "status": "REVOKED"}])
def test_a_mark_or_an_end_is_not_replaced_by_another_mark(door: Door, fields: dict[str, Any]) -> None:
    """A new mark would be a new report: the run would never become overdue, and its end would be lost."""
    door.stopper.abortable = True
    run = stopped(door, sent())
    Run.objects.filter(pk=run.pk).update(**fields)
    assert told_again(door, run) == 1
    assert [way for _, way in door.stopper.told] == [Way.ABORT, Way.REVOKE]


@pytest.mark.parametrize("state", ["queued", "sent", "unknown", "running", "overdue", "unseen"])
def test_a_stop_is_noted_and_workers_are_told(door: Door, state: str) -> None:
    run = stopped(door, sent(state=state))
    assert door.stopper.told == [([run.task_id], Way.REVOKE)]
    assert (run.state, run.stop_way, run.stop_tries) == (state, "revoke", 1)
    assert (str(run.stopped_by_id), run.stopped_by_slack) == (door.request.actor.user, "U0ADA")
    assert run.stop_asked_at is not None
    assert run.stop_due_at is not None
    assert run.stop_due_at > run.stop_asked_at


def test_the_root_shows_a_stop_at_once(door: Door) -> None:
    run = stopped(door, sent())
    assert owed(run) == {"root", "id", "progress"}
    assert door.rings


def test_a_stop_while_a_run_is_being_sent_owes_no_notice_yet(door: Door) -> None:
    """If the run is certainly not sent after all, its thread stays empty, and the next press of its form sends it."""
    found: list[Run] = []
    door.sender.meanwhile = lambda: found.append(stopped(door, Run.objects.get()))
    door.sender.fails = NotSent(unreachable())
    with pytest.raises(NothingSent):
        door.start()
    run = Run.objects.get()
    assert (run.state, run.stop_standing, owed(run)) == ("not_sent", Standing.NOT_SENT, set())
    assert told_again(door, run) == 0
    door.sender.meanwhile, door.sender.fails = (lambda: None), None
    again = door.start()
    assert (again.pk, again.state, again.stop_standing, again.stop_tries) == (run.pk, "sent", None, 0)


@pytest.mark.parametrize("fate", [None, FateUnknown(unreachable())], ids=["sent", "unknown"])
def test_a_stop_while_a_run_is_being_sent_is_repeated_to_workers(door: Door, fate: Exception | None) -> None:
    found: list[Run] = []
    door.sender.meanwhile = lambda: found.append(stopped(door, Run.objects.get()))
    door.sender.fails = fate
    with nullcontext() if fate is None else pytest.raises(MaybeSent):
        door.start()
    run = Run.objects.get()
    assert run.state == ("sent" if fate is None else "unknown")
    assert run.stop_standing is Standing.WAITS
    assert told_again(door, run) == 1, "workers are told until its end is seen"


def test_a_second_stop_changes_nothing(door: Door) -> None:
    run = stopped(door, sent())
    ben = get_user_model().objects.create_user("ben", is_staff=True)
    again = stop.stop(door.platform, an_actor(user=str(ben.pk)), RunId(run.pk))
    assert again is not None
    assert (again.stop_asked_at, again.stopped_by_id) == (run.stop_asked_at, run.stopped_by_id)
    assert len(door.stopper.told) == 1


def test_terminating_needs_the_option_and_may_follow_a_stop(door: Door) -> None:
    run = stopped(door, sent(state="running"))
    with pytest.raises(NotAllowed) as refused:
        stopped(door, run, kill=True)
    assert refused.value.denied.code == Code.NO_KILL
    door.may_kill = True
    assert stopped(door, run, kill=True).stop_standing is Standing.TERMINATING
    stopped(door, run)
    assert [way for _, way in door.stopper.told] == [Way.REVOKE, Way.TERMINATE]
    assert told_again(door, run) == 1
    assert door.stopper.told[-1][1] is Way.TERMINATE


@pytest.mark.parametrize("state", ["finished", "not_sent", "withdrawn"])
def test_a_run_that_has_ended_has_nothing_to_stop(door: Door, state: str) -> None:
    run = sent(state=state)
    with pytest.raises(Ended):
        stopped(door, run)
    assert door.stopper.told == []
    assert stop.hindrance(door.platform, run, now=clock.now()) == Ended.reason


def test_an_end_that_was_not_read_yet_also_prevents_a_stop(door: Door) -> None:
    run = sent()
    door.outcomes.news = [an_outcome("SUCCESS", task_id=TaskId(run.task_id))]
    with pytest.raises(Ended) as ended:
        stopped(door, run)
    assert ended.value.run.status == "SUCCESS"


def test_an_end_that_is_saved_during_a_stop_counts(door: Door) -> None:
    """The end is saved after the stop has read the source, and before the stop is saved."""
    run = sent()
    door.stopper.meanwhile = lambda: ends(run, "SUCCESS")
    with pytest.raises(Ended):
        stopped(door, run)
    assert Run.objects.get().stop_asked_at is None


def test_without_remote_control_a_stop_is_refused_with_the_reason(door: Door) -> None:
    door.stopper.hindrance = Reason(code=Code.REMOTE_CONTROL_OFF)
    run = sent()
    with pytest.raises(CantStop) as refused:
        stopped(door, run)
    assert refused.value.reason.code == Code.REMOTE_CONTROL_OFF
    assert Run.objects.get().stop_asked_at is None
    assert stop.hindrance(door.platform, run, now=clock.now()) == door.stopper.hindrance


def test_people_who_may_not_stop_a_run_are_refused_before_anything_is_read(door: Door) -> None:
    with pytest.raises(NotAllowed):
        stop.stop(door.platform, replace(door.request.actor, is_staff=False), RunId(sent().pk))
    assert stop.stop(door.platform, door.request.actor, RunId(10**9)) is None


def test_a_person_of_another_workspace_who_stops_a_run_is_only_named(door: Door) -> None:
    actor = replace(door.request.actor, slack=None, profile=None, team=None)
    run = stop.stop(door.platform, actor, RunId(sent().pk))
    assert run is not None
    assert run.stopped_by_slack == ""


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
    """Each worker may report it. The more exact reason is shown."""
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
    stop.Repeating(door.stopper).step()
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
        assert stop.Repeating(door.stopper).step() == stop.IDLE
