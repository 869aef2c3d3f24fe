"""Runs that wait for approval: who finds them, and what that costs."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from bot.core.model import ScheduleId
from bot.core.status import RunState
from bot.models import Run
from bot.runs import approvals, see
from tests.factories import a_schedule
from tests.runs.approving import SEVEN, asked, now_it_is, ruled_door, says_yes, waiting
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door(transactional_db: None) -> Door:
    return ruled_door()


def test_a_form_does_not_show_a_waiting_run_as_running(door: Door) -> None:
    waiting(door)
    preview = see.preview(door.admitted(person("ben")), SEVEN)
    assert preview is not None
    assert preview.running is None


def test_runs_that_an_approver_may_not_approve_hide_none_that_they_may(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The actor's own runs, those of other schedules, and those that they have approved are more than the query reads."""
    monkeypatch.setattr(approvals, "WAITING", 2)
    cara = person("cara", "leads")
    schedules = {8: "payroll", 9: "export"}
    door.catalog.schedules |= {
        ScheduleId(pk): a_schedule(id=ScheduleId(pk), name=name) for pk, name in schedules.items()
    }
    in_force(
        a_rule("Nightly", schedules=("nightly*",), approvals=2, approvers=("leads",)),
        a_rule("Payroll", schedules=("payroll",), approvals=1, see=("finance",)),
        a_rule("Export", schedules=("export",), approvals=1, approvers=("ops",)),
    )
    ana = person("ana", "finance")
    for number in range(3):
        asked(door, ana, key=f"web:1:p{number}", schedule=ScheduleId(8))
        asked(door, ana, key=f"web:1:e{number}", schedule=ScheduleId(9))
        asked(door, cara, key=f"web:2:o{number}")
        says_yes(door, asked(door, key=f"web:3:y{number}"), cara)
    wanted = asked(door, key="web:4:a")
    assert [one.run for one in approvals.waiting_for(door.admitted(cara)).first] == [wanted.pk]


def test_nobody_pushes_out_the_requests_of_others(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ben's request is younger than all of Ana's, which are more than the query reads."""
    monkeypatch.setattr(approvals, "WAITING", 4)
    ana, ben, cara = person("ana"), person("ben"), person("cara", "leads")
    many = [waiting(door, key=f"web:1:{number}", requester=ana).pk for number in range(6)]
    one = waiting(door, key="web:2:a", requester=ben).pk
    found = approvals.waiting_for(door.admitted(cara), 2)
    assert [run.run for run in found.first] == [many[0], one], "in the order in which they lapse"
    assert (found.more, found.is_more_at_least) == (2, True)
    monkeypatch.setattr(approvals, "WAITING", 8)
    found = approvals.waiting_for(door.admitted(cara))
    assert [run.run for run in found.first] == [*many, one]
    assert (found.more, found.is_more_at_least) == (0, False)


def test_nobody_delays_the_questions_about_the_requests_of_others(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals, "ASKED", 2)
    ana, ben = person("ana"), person("ben")
    many = [waiting(door, key=f"web:1:{number}", requester=ana).pk for number in range(4)]
    one = waiting(door, key="web:2:a", requester=ben).pk
    approvals.Tending(door.platform).step()
    assert set(Run.objects.exclude(approvers_asked_at=None).values_list("pk", flat=True)) == {many[0], one}


def test_each_waiting_run_is_looked_at_however_many_wait(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals, "WAITING", 2)
    runs = [waiting(door, key=f"web:1:{number}") for number in range(5)]
    get_user_model().objects.filter(pk=str(runs[-1].user_id)).update(is_active=False)
    tending = approvals.Tending(door.platform)
    for _ in range(3):
        tending.step()
    assert [now_it_is(run) for run in runs] == [*[RunState.WAITING] * 4, RunState.WITHDRAWN]


def test_each_waiting_run_costs_at_most_three_queries(door: Door, django_assert_max_num_queries: Any) -> None:
    cara = person("cara", "leads")
    for number in range(12):
        waiting(door, key=f"web:1:{number}")
    with django_assert_max_num_queries(10 + 3 * 12):
        found = approvals.waiting_for(door.admitted(cara))
    assert (len(found.first), found.more) == (approvals.SHOWN, 2)
