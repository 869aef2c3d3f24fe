"""The list of the runs that are running now, which Slack and other front ends show."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bot.core.model import RunId, ScheduleId
from bot.core.reasons import Code, Reason
from bot.core.status import OPEN, RunState
from bot.models import Installation, Run
from bot.runs import now, stop
from bot.runs.door import admit
from bot.runs.now import Now
from bot.runs.refusals import NotAllowed
from tests.factories import ADA, INSTALLATION, NOW, a_run, a_schedule
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person


def shown(door: Door) -> Now:
    return now.running(door.admitted())


def names(found: Now) -> list[str]:
    return [run.schedule for run in found.first]


def started(name: str, *, minutes: int = 0, **changes: object) -> Run:
    """A run that was asked for so many minutes ago."""
    return a_run(schedule_name=name, created_at=NOW - timedelta(minutes=minutes), **changes)


def test_own_runs_come_first_and_newer_ones_before_older_ones(door: Door) -> None:
    me = door.actor.user
    other = get_user_model().objects.create_user("ben")
    started("own, older", minutes=30, user_id=me)
    started("own", minutes=20, user_id=me)
    started("another's, newest", user=other)
    started("nobody's", minutes=10)
    found = shown(door)
    assert names(found) == ["own", "own, older", "another's, newest", "nobody's"]
    assert [run.is_own for run in found.first] == [True, True, False, False]
    assert [run.name for run in found.first] == ["ada", "ada", "ben", ""]
    assert (found.more, found.is_more_at_least) == (0, False)


def test_only_runs_that_have_not_ended_are_listed(door: Door) -> None:
    for state in RunState:
        started(state, state=state)
    assert set(names(shown(door))) == {state.value for state in OPEN}


def test_at_most_ten_runs_and_the_number_of_others_are_shown(door: Door) -> None:
    for minutes in range(now.MOST + 3):
        started(f"{minutes}", minutes=minutes)
    found = shown(door)
    assert names(found) == [f"{minutes}" for minutes in range(now.MOST)]
    assert (found.more, found.is_more_at_least) == (3, False)


def test_the_list_reads_a_bounded_number_of_open_runs_and_no_ended_ones(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(now, "LOOKED_AT", 12)
    for minutes in range(20):
        started(f"{minutes}", minutes=minutes)
    found = shown(door)
    assert (len(found.first), found.more, found.is_more_at_least) == (10, 2, True)
    if connection.vendor == "sqlite":
        assert plans_of_a_list(door) == [["runtask_run_deadline"]] * 2
        started("of a deleted schedule", schedule_id=9, user_id=door.actor.user)
        assert plans_of_a_list(door) == [["runtask_run_deadline"], ["runtask_run_schedule"], ["runtask_run_deadline"]]


def plans_of_a_list(door: Door) -> list[list[str]]:
    """How SQLite finds runs, for each query of a list that looks for open runs: the indexes that it searches by state."""
    with CaptureQueriesContext(connection) as asked:
        shown(door)
    queries = [one["sql"] for one in asked if '"state" IN' in one["sql"]]
    plans = []
    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query}")
            plan = [row[-1] for row in cursor.fetchall()]
        assert not any(step.startswith("SCAN") for step in plan), plan
        plans.append([found[1] for step in plan if (found := re.search(r"USING INDEX (\w+) \(.*state=\?", step))])
    return plans


def test_runs_that_a_reader_may_not_see_are_neither_shown_nor_counted(door: Door) -> None:
    door.catalog.schedules[ScheduleId(8)] = a_schedule(id=ScheduleId(8), name="payroll")
    in_force(a_rule("Payroll", schedules=("payroll",), see=("payroll",)))
    started("theirs")
    for _ in range(now.MOST + 1):
        started("hidden", schedule_id=8)
    found = shown(door)
    assert (names(found), found.more) == (["theirs"], 0)


def test_runs_that_a_reader_may_not_see_hide_none_that_they_may(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden runs, and those of deleted schedules, are more than the query reads."""
    monkeypatch.setattr(now, "LOOKED_AT", 3)
    door.catalog.schedules[ScheduleId(8)] = a_schedule(id=ScheduleId(8), name="payroll")
    in_force(a_rule("Payroll", schedules=("payroll",), see=("payroll",)))
    for _ in range(5):
        started("payroll", schedule_id=8)
        started("deleted", schedule_id=9)
    started("own, deleted", minutes=30, schedule_id=9, user_id=door.actor.user)
    started("theirs", minutes=60)
    found = shown(door)
    assert (names(found), found.more, found.is_more_at_least) == (["own, deleted", "theirs"], 0, False)
    boss = now.running(door.admitted(person("boss", is_superuser=True)))
    assert (len(boss.first), boss.is_more_at_least) == (3, True)


def test_people_who_are_not_staff_are_refused(door: Door) -> None:
    with pytest.raises(NotAllowed):
        now.running(door.admitted(replace(door.actor, is_staff=False)))


def test_each_has_its_addresses_and_whether_it_can_be_stopped(door: Door) -> None:
    Installation.objects.create(key=INSTALLATION, address="https://acme.slack.com/", seen_at=NOW)
    run = started("one", thread="1700000000.000100", deadline_at="2099-01-01T00:00:00Z")
    [found] = now.running(admit(replace(door.platform, base_url="https://site.example"), door.actor)).first
    assert found.thread == "https://acme.slack.com/archives/C0001/p1700000000000100"
    assert found.page == f"https://site.example/runs/{run.pk}/"
    assert (found.requester, found.can_stop, found.is_stopping) == (ADA, True, False)
    stop.stop(door.admitted(), RunId(run.pk))
    [found] = shown(door).first
    assert (found.can_stop, found.is_stopping, found.is_own_stop) == (False, True, True)
    [found] = now.running(door.admitted(person("ben"))).first
    assert (found.is_stopping, found.is_own_stop) == (True, False)
    Run.objects.update(stopped_by=None)  # the account of the person who stopped it was deleted
    [found] = shown(door).first
    assert (found.is_stopping, found.is_own_stop) == (True, False)


def test_without_remote_control_no_run_can_be_stopped(door: Door) -> None:
    door.stopper.hindrance = Reason(code=Code.REMOTE_CONTROL_OFF)
    started("one")
    [found] = shown(door).first
    assert (found.can_stop, found.is_stopping) == (False, False)


@pytest.mark.parametrize(("team", "named"), [("T0001", ADA), ("T0002", "")])
def test_a_requester_is_mentioned_within_their_workspace_only(door: Door, team: str, named: str) -> None:
    """In another workspace, the same id belongs to another person."""
    started("one", team=team, installation=f"{team}/A0001")
    [found] = shown(door).first
    assert found.requester == named
