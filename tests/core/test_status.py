"""Celery's words and the run's states."""

import pytest
from celery import states

from bot.core.status import FINAL, OPEN, UNENDED, UNSENT, WAITING, RunState, after
from bot.texts import state_text


def test_celery_and_the_bot_agree_on_what_is_final() -> None:
    assert FINAL == states.READY_STATES
    assert not FINAL & WAITING


def test_open_is_everything_that_a_result_can_still_move() -> None:
    ended = {RunState.FINISHED, RunState.UNSEEN, RunState.NOT_SENT, RunState.WITHDRAWN}
    assert set(RunState) - OPEN == ended | UNSENT
    assert {RunState.WAITING} == UNENDED - OPEN


@pytest.mark.parametrize("state", sorted(OPEN))
@pytest.mark.parametrize("status", [*sorted(states.ALL_STATES), "PROGRESS", "A-STATE-OF-THE-TASK'S-OWN"])
def test_after(state: RunState, status: str) -> None:
    if status in states.READY_STATES:
        expected = RunState.FINISHED
    elif status in ("PENDING", "RECEIVED", "ABORTED"):
        expected = state
    else:
        expected = RunState.RUNNING
    assert after(state, status) is expected


def test_a_try_that_failed_is_not_told_as_running() -> None:
    assert state_text(RunState.RUNNING, "RETRY") == "waiting for its next try"
    assert state_text(RunState.RUNNING, "STARTED") == "running"
    assert state_text(RunState.OVERDUE, "RETRY") == "no word yet"
