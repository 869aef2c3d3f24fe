"""The preview of a schedule before somebody runs it."""

from datetime import timedelta

import pytest
from django.db import connections

from bot.core.model import LastRun, Preview, Running, ScheduleId
from bot.core.status import ENDED, RunState
from bot.models import Run, database_of
from bot.runs import see
from tests.factories import ADA, NOW, TEAM, a_run
from tests.runs.conftest import Door


def preview_of_7(door: Door) -> Preview:
    preview = see.preview(door.admitted(), ScheduleId(7))
    assert preview is not None
    return preview


def running(door: Door) -> Running:
    found = preview_of_7(door).running
    assert found is not None
    return found


@pytest.mark.parametrize(("team", "named"), [(TEAM, ADA), ("T0002", "")])
def test_the_requester_of_an_open_run_is_mentioned_only_in_their_own_workspace(
    door: Door, team: str, named: str
) -> None:
    """In another workspace, the same id belongs to another person."""
    a_run(team=team, installation=f"{team}/A0001", deadline_at="2099-01-01T00:00:00Z")
    assert running(door).requester == named


@pytest.mark.parametrize("state", ["unseen", "overdue"])
def test_the_last_run_may_be_one_whose_end_is_not_known(door: Door, state: str) -> None:
    """Where no results are kept, no end is known."""
    a_run(schedule_id=7, state="finished", status="SUCCESS", finished_at=NOW - timedelta(days=1))
    a_run(schedule_id=7, state="unseen", sent_at=NOW - timedelta(hours=1))
    a_run(schedule_id=7, state=state, status="STARTED")
    a_run(schedule_id=8, state=state)
    a_run(schedule_id=7, state="not_sent", sent_at=None)
    assert preview_of_7(door).last == LastRun(status="", at=NOW)


def test_the_time_of_a_run_that_may_have_been_sent_is_when_it_was_asked_for(door: Door) -> None:
    a_run(schedule_id=7, state="unseen", sent_at=None, created_at=NOW)
    assert preview_of_7(door).last == LastRun(status="", at=NOW)


def test_a_known_end_that_is_newer_than_an_overdue_run_is_the_last_run(door: Door) -> None:
    a_run(schedule_id=7, state="overdue")
    a_run(schedule_id=7, state="finished", status="SUCCESS", finished_at=NOW)
    assert preview_of_7(door).last == LastRun(status="SUCCESS", at=NOW)


@pytest.mark.parametrize("state", ["not_sent", "waiting", "declined", "lapsed", "withdrawn", "sent"])
def test_a_run_that_was_not_sent_or_is_open_is_no_last_run(door: Door, state: str) -> None:
    a_run(schedule_id=7, state=state, deadline_at="2099-01-01T00:00:00Z")
    assert preview_of_7(door).last is None


@pytest.mark.parametrize("state", ENDED)
def test_reading_the_last_run_costs_the_same_whatever_the_history(db: None, state: RunState) -> None:
    alias = database_of(Run)
    for _ in range(3):
        a_run(schedule_id=7, state=state)
    assert len(see.NEWEST_ENDED.rows(alias, schedule=7, state=state.value)) == 1
    if connections[alias].vendor == "sqlite":
        sql, _ = see.NEWEST_ENDED.make().query.sql_with_params()
        with connections[alias].cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", [7, state.value, state.value])
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert "runtask_run_schedule" in plan
        assert "TEMP B-TREE" not in plan
