"""Stop: who may stop a run, what is saved, what workers are told and how often, and which notices are owed."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from bot.core.model import RunId, TaskId
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Reason
from bot.core.stops import Standing, Way
from bot.models import Run
from bot.runs import clock, stop
from bot.runs.refusals import CantStop, Ended, MaybeSent, NotAllowed, NothingSent
from tests.factories import an_actor, an_outcome, unreachable
from tests.runs.conftest import Door
from tests.runs.stopping import ends, owed, sent, stopped, told_again

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("fields", [{"status": "ABORTED"}, {"state": "finished", "status": "REVOKED"}])
def test_a_mark_or_an_end_is_not_replaced_by_another_mark(door: Door, fields: dict[str, Any]) -> None:
    """A new mark would be a new report: the run would never become overdue, and its end would be lost."""
    door.stopper.abortable = True
    run = stopped(door, sent())
    Run.objects.filter(pk=run.pk).update(**fields)
    assert told_again(door, run) == 1
    assert [way for _, way in door.stopper.told] == [Way.ABORT, Way.REVOKE, Way.REVOKE]


@pytest.mark.parametrize("state", ["queued", "sent", "unknown", "running", "overdue", "unseen"])
def test_a_stop_is_noted_and_workers_are_told(door: Door, state: str) -> None:
    run = stopped(door, sent(state=state))
    assert door.stopper.told == [([run.task_id], Way.REVOKE)]
    assert (run.state, run.stop_way, run.stop_tries) == (state, "revoke", 1)
    assert (str(run.stopped_by_id), run.stopped_by_slack) == (door.actor.user, "U0ADA")
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
    again = stop.stop(door.admitted(an_actor(user=str(ben.pk))), RunId(run.pk))
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
        stop.stop(door.admitted(replace(door.actor, is_staff=False)), RunId(sent().pk))
    assert stop.stop(door.admitted(), RunId(10**9)) is None


def test_a_person_who_stops_a_run_outside_slack_is_saved_without_a_slack_account(door: Door) -> None:
    actor = replace(door.actor, slack=None, profile=None, team=None)
    run = stop.stop(door.admitted(actor), RunId(sent().pk))
    assert run is not None
    assert run.stopped_by_slack == ""
