"""The rules of a deleted schedule still hold for its runs, which copied its name and its task."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bot.core.model import Actor, RunId, ScheduleId
from bot.core.reasons import Code
from bot.models import Run
from bot.runs import again, clock, now, own, rulebook, stop
from bot.runs.follow import follow
from bot.runs.refusals import NoRunYet, NotAllowed
from tests.factories import a_run
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person

SECRET = a_rule("Finance only", see=("finance",))
SEVEN = ScheduleId(7)


def test_runs_of_a_deleted_schedule_belong_to_their_requester_and_superusers(door: Door) -> None:
    ana, ben, root = person("ana"), person("ben"), person("root", is_superuser=True)
    run = a_run(user_id=ana.user, state="finished")
    door.catalog.schedules.clear()
    assert follow(door.admitted(ana), RunId(run.pk)) is not None
    assert follow(door.admitted(root), RunId(run.pk)) is not None
    assert follow(door.admitted(ben), RunId(run.pk)) is None


def test_the_rules_of_a_deleted_schedule_still_hide_its_runs_from_their_requester(door: Door) -> None:
    ana, run = person("ana", "finance"), a_run(state="running", schedule_name="Payroll", task="pay.all")
    Run.objects.filter(pk=run.pk).update(user_id=ana.user)
    door.catalog.schedules.clear()
    for rule in (a_rule(tasks=("pay.*",), see=("finance",)), a_rule(schedules=("payroll",), see=("finance",))):
        in_force(rule)
        assert follow(door.admitted(ana), RunId(run.pk)) is not None
        get_user_model().objects.get(pk=str(ana.user)).groups.clear()
        assert follow(door.admitted(ana), RunId(run.pk)) is None
        assert stop.stop(door.admitted(ana), RunId(run.pk)) is None
        assert own.newest(door.admitted(ana), 10).shown == ()
        assert now.running(door.admitted(ana)).first == ()
        with pytest.raises(NoRunYet):
            again.own_last(door.admitted(ana))
        get_user_model().objects.get(pk=str(ana.user)).groups.add(Group.objects.get(name="finance"))


def test_the_rules_of_a_deleted_schedule_still_say_who_may_stop_its_runs(door: Door) -> None:
    door.may_kill = True
    ana, hour = person("ana"), clock.now() + timedelta(hours=1)
    run = RunId(a_run(user_id=ana.user, schedule_name="Payroll", state="running", deadline_at=hour).pk)
    door.catalog.schedules.clear()
    in_force(a_rule(schedules=("Payroll",), kill=False))
    with pytest.raises(NotAllowed) as caught:
        stop.stop(door.admitted(ana), run, kill=True)
    assert caught.value.denied.code is Code.RULE_KILL
    in_force(a_rule(schedules=("Payroll",), stop=("ops",)))
    with pytest.raises(NotAllowed) as caught:
        stop.stop(door.admitted(ana), run)
    assert caught.value.denied.code is Code.RULE_STOP
    assert [one.can_stop for one in now.running(door.admitted(ana)).first] == [False]
    assert not Run.objects.filter(stop_asked_at__isnull=False).exists()


def test_lists_of_runs_of_deleted_schedules_cost_no_query_for_each(door: Door) -> None:
    ana = person("ana")
    door.catalog.schedules.clear()
    in_force(a_rule(schedules=("Payroll",), see=("finance",)))
    rulebook.in_force()  # reads the rules
    costs = []
    for _ in range(2):
        for name in ("Export", "Payroll"):
            a_run(user_id=ana.user, state="running", schedule_name=name)
        with CaptureQueriesContext(connection) as queries:
            shown = own.newest(door.admitted(ana), 10).shown, now.running(door.admitted(ana)).first
        costs.append(len(queries))
    assert [len(one) for one in shown] == [2, 2]
    assert costs[0] == costs[1]


def rows_read(door: Door, reader: Actor) -> list[int]:
    """How many rows each query about open runs returns that the list of what is running makes."""
    with CaptureQueriesContext(connection) as asked:
        now.running(door.admitted(reader))
    counts = []
    for query in asked:
        if '"state" IN' in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(query["sql"])
                counts.append(len(cursor.fetchall()))
    return counts


@pytest.mark.skipif(connection.vendor != "sqlite", reason="executes logged queries, as only SQLite's can be")
def test_of_deleted_schedules_only_the_readers_own_runs_are_read(door: Door) -> None:
    ana, root = person("ana"), person("root", is_superuser=True)
    in_force(a_rule(schedules=("Payroll",), see=("finance",)))
    door.catalog.schedules.clear()
    a_run(user_id=ana.user, state="running")
    for _ in range(5):
        a_run(user_id=root.user, state="overdue")
        a_run(state="overdue")
    assert rows_read(door, ana) == [1, 1, 1], "the schedules, the own runs, the list"
    assert rows_read(door, root) == [11], "everything is visible, so only the list is read"
