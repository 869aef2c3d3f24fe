"""What happens if the answer to the statement that queues a run is lost. tests.services.test_lost_answers has a real server."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import DataError, OperationalError
from django.db.models import QuerySet

from bot.core.audit import Act, Record
from bot.core.entry import Entry
from bot.core.ports import NotSent
from bot.core.reasons import Code, Reason
from bot.models import Run
from bot.runs import attempts
from bot.runs.attempts import Attempt, created, end, taken_over
from bot.runs.refusals import NothingSent
from bot.runs.unsaved import Unsaved
from tests.broker.waiting import wait_until
from tests.factories import NOW, unreachable
from tests.runs.conftest import Door

NOT_SAVED = Reason(code=Code.NOT_SAVED)


def an_attempt(task_id: str, *, replaces: str = "", state: str = "queued") -> Attempt:
    """An attempt to save a run. All attempts come from one form."""
    values = {
        "task_id": task_id,
        "state": state,
        "not_sent_because": "",
        "schedule_id": 7,
        "schedule_name": "nightly report",
        "task": "reports.tasks.nightly",
        "deadline_at": NOW,
    }
    asked = Record(act=Act.RUN_ASKED, entry=Entry.SLACK, details={"task_id": task_id})
    return Attempt(key="slack:V1", values=values, pressed=asked, replaces=replaces, otherwise={"state": "not_sent"})


def stored() -> tuple[str, str, str]:
    """Returns the attempt that the row belongs to, its state, and why it was not sent."""
    run = Run.objects.get()
    return run.task_id, run.state, run.not_sent_reason.code if run.not_sent_reason else ""


@pytest.mark.django_db
class TestTheRow:
    """The statement whose answer was lost may be executed before or after `end`."""

    def test_a_new_row_that_was_saved_after_all_is_not_sent(self) -> None:
        assert created(an_attempt("a"))
        end(an_attempt("a"), NOT_SAVED)
        assert stored() == ("a", "not_sent", "not_saved")

    def test_a_new_row_that_would_be_saved_later_finds_its_key_taken(self) -> None:
        end(an_attempt("a"), NOT_SAVED)
        assert created(an_attempt("a")) is None
        assert stored() == ("a", "not_sent", "not_saved")

    def test_a_row_that_was_taken_over_after_all_is_not_sent(self) -> None:
        end(an_attempt("a"), unreachable())
        assert taken_over(an_attempt("b", replaces="a"))
        end(an_attempt("b", replaces="a"), NOT_SAVED)
        assert stored() == ("b", "not_sent", "not_saved")

    def test_a_row_that_would_be_taken_over_later_is_not_found(self) -> None:
        end(an_attempt("a"), unreachable())
        end(an_attempt("b", replaces="a"), NOT_SAVED)
        assert taken_over(an_attempt("b", replaces="a")) is None
        assert stored() == ("b", "not_sent", "not_saved")

    @pytest.mark.parametrize("replaces", ["", "0"], ids=["new", "taken over"])
    @pytest.mark.parametrize("state", ["queued", "sent", "not_sent", "finished"])
    def test_a_row_that_another_press_has_changed_stays_as_it_is(self, replaces: str, state: str) -> None:
        assert created(an_attempt("b", state=state))
        end(an_attempt("a", replaces=replaces), NOT_SAVED)
        assert stored() == ("b", state, "")

    @pytest.mark.parametrize("replaces", ["", "0"], ids=["new", "taken over"])
    def test_a_lost_statement_that_is_executed_during_end_is_noticed(
        self, monkeypatch: pytest.MonkeyPatch, replaces: str
    ) -> None:
        if replaces:
            end(an_attempt(replaces), unreachable())
        attempt, update, late = an_attempt("a", replaces=replaces), QuerySet.update, [True]

        def and_then_it_comes(rows: Any, **values: Any) -> int:
            done = update(rows, **values)
            if late:
                late.clear()
                assert taken_over(attempt) if replaces else created(attempt)
            return done

        monkeypatch.setattr(QuerySet, "update", and_then_it_comes)
        end(attempt, NOT_SAVED)
        assert stored() == ("a", "not_sent", "not_saved")


@pytest.fixture
def unsaved() -> Iterator[Unsaved]:
    made = Unsaved(pause=0.01)
    yield made
    wait_until(lambda: made._thread is None)


@pytest.fixture
def lossy(transactional_db: None, door: Door, unsaved: Unsaved) -> Door:
    door.unsaved = unsaved
    return door


def lose_answers(monkeypatch: pytest.MonkeyPatch, function: str) -> Callable[[], None]:
    """Makes `function` work but lose its answer, until the returned function is called."""
    done, is_lost = getattr(attempts, function), [True]

    def lost(*args: Any) -> Any:
        found = done(*args)
        if is_lost:
            raise OperationalError("server closed the connection unexpectedly")
        return found

    monkeypatch.setattr(attempts, function, lost)
    return is_lost.clear


def press(door: Door) -> str:
    """Starts the run, and returns its state."""
    return str(door.start().state)


def test_a_run_is_not_sent_if_saving_it_is_uncertain_and_the_next_press_sends_it(
    lossy: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = lose_answers(monkeypatch, "created")
    with pytest.raises(OperationalError):
        press(lossy)
    wait_until(lambda: Run.objects.get().state == "not_sent")
    mend()
    assert not lossy.sender.sent
    assert press(lossy) == "sent"
    assert [what.task_id for what in lossy.sender.sent] == [Run.objects.get().task_id]


def test_a_failed_run_is_not_sent_again_if_saving_is_uncertain(lossy: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    lossy.sender.fails = NotSent(unreachable())
    with pytest.raises(NothingSent):
        press(lossy)
    lossy.sender.fails = None
    mend = lose_answers(monkeypatch, "taken_over")
    with pytest.raises(OperationalError):
        press(lossy)
    wait_until(lambda: stored()[1:] == ("not_sent", "not_saved"))
    mend()
    assert press(lossy) == "sent"
    assert len(lossy.sender.sent) == 1


def test_a_press_that_waits_for_a_queued_row_sends_the_run_when_the_row_says_that_nothing_was_sent(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = door.start().task_id
    Run.objects.update(state="queued", sent_at=None)
    refresh = Run.refresh_from_db

    def after_its_end(run: Run) -> None:
        end(replace(an_attempt(first), key=run.key), NOT_SAVED)  # by another process
        refresh(run)

    monkeypatch.setattr(Run, "refresh_from_db", after_its_end)
    assert press(door) == "sent"
    assert [what.task_id for what in door.sender.sent] == [first, Run.objects.get().task_id]


def test_a_run_is_marked_as_not_sent_when_the_database_is_back(lossy: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    lossy.sender.fails = NotSent(unreachable())
    back, actual = threading.Event(), attempts.end
    tries: list[str] = []

    def fails(attempt: Attempt, reason: Reason) -> None:
        tries.append(attempt.task_id)
        if not back.is_set():
            raise OperationalError("no route to host")
        actual(attempt, reason)

    monkeypatch.setattr(attempts, "end", fails)
    with pytest.raises(NothingSent) as caught:
        press(lossy)
    assert caught.value.reason == unreachable()
    wait_until(lambda: len(tries) > 2)
    assert Run.objects.get().state == "queued"
    back.set()
    wait_until(lambda: Run.objects.get().state == "not_sent")
    assert Run.objects.get().not_sent_reason == unreachable()


def test_a_value_that_the_database_refuses_is_not_tried_for_ever(
    lossy: Door, unsaved: Unsaved, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> None:
        raise DataError("value too long")

    monkeypatch.setattr(attempts, "end", refuses)
    unsaved.end(an_attempt("a"), NOT_SAVED)
    wait_until(lambda: unsaved._thread is None)
    assert not unsaved._saves


def test_a_bounded_number_of_attempts_is_remembered(
    lossy: Door, unsaved: Unsaved, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    back = threading.Event()

    def waits(*_: Any) -> None:
        back.wait(20)

    monkeypatch.setattr(attempts, "end", waits)
    monkeypatch.setattr("bot.runs.unsaved.MOST", 2)
    for task_id in "abc":
        unsaved.end(an_attempt(task_id), NOT_SAVED)
    assert list(unsaved._saves) == ["a", "b"]
    assert "what became of task c can't be saved; its row may say otherwise until its deadline" in caplog.text
    back.set()


def test_an_attempt_is_remembered_while_no_thread_can_be_started(
    lossy: Door, unsaved: Unsaved, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cant_start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    other = replace(an_attempt("b"), key="other")
    for attempt in (an_attempt("a"), other):
        assert created(attempt)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cant_start)
        unsaved.end(an_attempt("a"), NOT_SAVED)
    unsaved.end(other, NOT_SAVED)
    wait_until(lambda: unsaved._thread is None)
    assert set(Run.objects.values_list("state", flat=True)) == {"not_sent"}
