"""Celery's statuses and the states of a run."""

import pytest
from celery import states

from bot.core.status import FINAL, OPEN, UNENDED, UNSENT, WAITING, RunState, after, own
from bot.texts import state_text


def test_celery_and_the_bot_agree_on_what_is_final() -> None:
    assert FINAL == states.READY_STATES
    assert not FINAL & WAITING


def test_each_state_is_open_or_unsent_or_ended() -> None:
    ended = {RunState.FINISHED, RunState.UNSEEN, RunState.NOT_SENT, RunState.WITHDRAWN}
    assert set(RunState) - OPEN == ended | UNSENT
    assert {RunState.WAITING} == UNENDED - OPEN


@pytest.mark.parametrize("state", sorted(OPEN))
@pytest.mark.parametrize("status", [*sorted(states.ALL_STATES), "PROGRESS", "A-STATUS-OF-THE-TASK'S-OWN"])
def test_a_status_of_celery_moves_an_open_run_to_its_state(state: RunState, status: str) -> None:
    if status in states.READY_STATES:
        expected = RunState.FINISHED
    elif status in ("PENDING", "RECEIVED", "ABORTED"):
        expected = state
    else:
        expected = RunState.RUNNING
    assert after(state, status) is expected


def test_a_run_whose_try_failed_is_not_shown_as_running() -> None:
    assert state_text(RunState.RUNNING, "RETRY") == "waiting for its next try"
    assert state_text(RunState.RUNNING, "STARTED") == "running"
    assert state_text(RunState.OVERDUE, "RETRY") == "waiting for its next try, no word since"
    assert state_text(RunState.OVERDUE, "STARTED") == "running, no word since"
    assert state_text(RunState.OVERDUE, "RECEIVED") == "received by a worker, no word since"
    assert state_text(RunState.OVERDUE, "") == state_text(RunState.OVERDUE, "PENDING") == "no word yet"


@pytest.mark.parametrize("status", [*sorted(states.ALL_STATES), "PROGRESS", ""])
def test_only_an_unusual_status_is_the_tasks_own(status: str) -> None:
    assert own(status) == ""
    assert own("CANCELLED") == "CANCELLED"


@pytest.mark.parametrize("state", sorted(set(RunState) - {RunState.FINISHED}))
def test_a_tasks_own_status_is_shown_in_the_states_that_leave_its_end_open(state: RunState) -> None:
    said = state_text(state, "CANCELLED")
    assert ("CANCELLED" in said) is (state in (RunState.RUNNING, RunState.OVERDUE, RunState.UNSEEN))
    assert state_text(state, "{status}\n") == said.replace("CANCELLED", "{status}")
