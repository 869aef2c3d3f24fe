"""The state and the notices of a run if it isn't certain whether its message was sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Reason
from bot.models import Run
from bot.runs import outbox, start
from bot.runs.budget import Budget
from bot.runs.refusals import Refused
from tests.factories import unreachable
from tests.runs.conftest import Door
from tests.runs.test_start import FIRST_NOTICES, codes, owed


def test_a_run_of_unknown_fate_is_followed_and_never_sent_again(door: Door) -> None:
    door.sender.fails = FateUnknown(unreachable("TimeoutError"))
    assert codes(door) == [Code.MAYBE_SENT]
    run = Run.objects.get()
    assert (run.state, run.sent_at, owed(run)) == ("unknown", None, FIRST_NOTICES)
    assert door.rings == ["ring"]

    door.sender.fails = None
    assert codes(door) == [Code.MAYBE_SENT]
    assert not door.sender.sent


@pytest.mark.parametrize(
    ("is_told", "state", "said"),
    [
        pytest.param(True, "unknown", Code.MAYBE_SENT, id="who waited was told that it may have been sent"),
        pytest.param(False, "not_sent", Code.CELERY_REFUSED, id="nobody was told that"),
    ],
)
def test_a_late_refusal_of_the_broker_does_not_change_the_answer_to_the_person(
    door: Door, is_told: bool, state: str, said: Code
) -> None:
    budget = Budget(60 if is_told else 0)

    def refused_late(*_: Any, enter: Callable[[], bool], **__: Any) -> None:
        assert enter()
        if is_told:
            budget.shut()
        raise NotSent(Reason(code=Code.CELERY_REFUSED, params={"error": "no such exchange"}))

    door.sender.send = refused_late  # type: ignore[method-assign]
    with pytest.raises(Refused) as refused:
        start.start(door.admitted(), door.request, budget)
    run = Run.objects.get()
    assert ([p.code for p in refused.value.problems], run.state) == ([said], state)
    assert owed(run) == (FIRST_NOTICES if is_told else [])


def test_a_row_that_a_crash_left_queued_is_not_sent_again(door: Door) -> None:
    door.start()
    Run.objects.update(state="queued")
    assert codes(door) == [Code.MAYBE_SENT]
    assert len(door.sender.sent) == 1


def test_a_result_that_is_faster_than_our_commit_is_not_overwritten(door: Door) -> None:
    def result_comes() -> None:
        Run.objects.update(state="finished", status="SUCCESS")

    door.sender.meanwhile = result_comes
    run = door.start()
    assert (run.state, run.status) == ("finished", "SUCCESS")
    assert run.sent_at is not None
    assert owed(run) == FIRST_NOTICES


def test_a_run_that_was_sent_is_returned_even_if_that_can_not_be_saved(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_database(*_: Any, **__: Any) -> None:
        raise OperationalError("locked")

    monkeypatch.setattr(outbox, "owe", no_database)
    run = door.start()
    assert (run.state, len(door.sender.sent)) == ("queued", 1)
