"""The answer to a COMMIT is lost, or a transaction is rolled back: messages and the audit log say what is true in the end."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError

from bot.core.audit import Act
from bot.core.reasons import Code
from bot.core.status import RunState
from bot.models import Answer, AuditRecord, Run, atomic
from bot.runs import approve, clock, sending, start
from bot.slack.messages import message
from tests.broker.waiting import wait_until
from tests.runs.approving import TWO_PAIRS_OF_EYES, asked, says_yes
from tests.runs.conftest import Door
from tests.runs.post import Post
from tests.runs.ruled import a_rule, in_force, person

pytestmark = pytest.mark.django_db(transaction=True)
LOST = OperationalError("server closed the connection unexpectedly")
SIX_EYES = a_rule("Six eyes", approvals=2, approvers=("leads",))


def lose_once(monkeypatch: pytest.MonkeyPatch, module: Any, function: str, *, is_saved: bool = True) -> None:
    """Makes the first call of this function lose its answer. `is_saved`: its transaction is committed; otherwise rolled back."""
    actual, calls = getattr(module, function), list[Any]()

    def lost(*args: Any) -> Any:
        calls.append(args)
        if len(calls) > 1:
            return actual(*args)
        if is_saved:
            actual(*args)
            raise LOST
        with atomic():
            actual(*args)
            raise LOST

    monkeypatch.setattr(module, function, lost)


def settled(door: Door) -> None:
    wait_until(lambda: door.unsaved._thread is None)


def buttons(build: dict[str, Any]) -> list[str]:
    return [one["text"]["text"] for block in build["blocks"] if block["type"] == "actions" for one in block["elements"]]


def test_a_message_that_offers_to_approve_is_edited_if_the_run_was_not_sent(
    door: Door, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(TWO_PAIRS_OF_EYES)
    actual = start._saved_owing_its_root

    def posted_meanwhile(*args: Any) -> Any:
        actual(*args)
        post.now = clock.now()
        post.deliver()
        monkeypatch.setattr(start, "_saved_owing_its_root", actual)
        raise LOST

    monkeypatch.setattr(start, "_saved_owing_its_root", posted_meanwhile)
    with pytest.raises(OperationalError):
        door.start()
    settled(door)
    post.deliver(5)
    assert "Approve" in buttons(message(post.slack.posts[-1]))
    edit, _ = post.slack.edits[-1]
    assert edit.state == RunState.NOT_SENT
    assert buttons(message(edit)) == ["Run again"]


def told_that_nothing_was_sent(door: Door, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the commit of a waiting run is lost, and its thread says that nothing was sent."""
    lose_once(monkeypatch, start, "_saved_owing_its_root")
    with pytest.raises(OperationalError):
        door.start()
    settled(door)
    post.now = clock.now()
    post.deliver(5)


def test_the_next_press_edits_the_message_that_says_that_nothing_was_sent(
    door: Door, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(replace(TWO_PAIRS_OF_EYES, ask=("S1",)))
    told_that_nothing_was_sent(door, post, monkeypatch)
    assert post.slack.posts[-1].state == RunState.NOT_SENT
    assert door.start().state == RunState.WAITING
    post.deliver(5)
    edit, _ = post.slack.edits[-1]
    assert edit.state == RunState.WAITING


def test_the_next_press_edits_that_message_also_if_the_run_needs_no_approval_any_more(
    door: Door, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(TWO_PAIRS_OF_EYES)
    told_that_nothing_was_sent(door, post, monkeypatch)
    in_force()
    assert door.start().state == RunState.SENT
    post.deliver(5)
    post.deliver(5)
    edit, _ = post.slack.edits[-1]
    assert edit.state == RunState.SENT


@pytest.mark.parametrize("is_saved", [True, False], ids=["saved", "rolled back"])
def test_a_first_yes_of_two_leaves_no_trace_of_an_attempt_to_send(
    door: Door, monkeypatch: pytest.MonkeyPatch, is_saved: bool
) -> None:
    in_force(SIX_EYES)
    run, cara = asked(door), person("cara", "leads", email="cara@x")
    lose_once(monkeypatch, approve, "_saved_yes", is_saved=is_saved)
    with pytest.raises(OperationalError):
        says_yes(door, run, cara)
    settled(door)
    run.refresh_from_db()
    assert (run.state, run.not_sent_because) == (RunState.WAITING, "")
    assert Answer.objects.count() == recorded(Act.RUN_APPROVED) == is_saved
    assert recorded(Act.RUN_NOT_SENT) == 0


def test_a_last_yes_that_was_rolled_back_is_not_in_the_audit_log(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    in_force(TWO_PAIRS_OF_EYES)
    run, cara = asked(door), person("cara", "leads", email="cara@x")
    lose_once(monkeypatch, approve, "_saved_yes", is_saved=False)
    with pytest.raises(OperationalError):
        says_yes(door, run, cara)
    settled(door)
    assert (Run.objects.get().state, Answer.objects.count()) == (RunState.WAITING, 0)
    assert recorded(Act.RUN_APPROVED) == recorded(Act.RUN_NOT_SENT) == 0
    says_yes(door, run, cara)
    assert Run.objects.get().state == RunState.SENT


def test_a_last_yes_whose_answer_was_lost_is_taken_back_and_the_run_waits_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(TWO_PAIRS_OF_EYES)
    run, cara = asked(door), person("cara", "leads", email="cara@x")
    lose_once(monkeypatch, approve, "_saved_yes")
    with pytest.raises(OperationalError):
        says_yes(door, run, cara)
    settled(door)
    run.refresh_from_db()
    assert run.state == RunState.WAITING
    assert run.not_sent_reason is not None
    assert run.not_sent_reason.code is Code.NOT_SAVED
    assert recorded(Act.RUN_APPROVED) == recorded(Act.RUN_NOT_SENT) == 1


def recorded(act: Act) -> int:
    return len(AuditRecord.objects.filter(action=act))


@pytest.mark.parametrize("is_saved", [True, False], ids=["saved", "rolled back"])
def test_that_a_run_was_sent_is_saved_once_however_often_it_is_tried(
    door: Door, post: Post, monkeypatch: pytest.MonkeyPatch, is_saved: bool
) -> None:
    lose_once(monkeypatch, sending, "_save", is_saved=is_saved)
    door.start()
    settled(door)
    assert Run.objects.get().state == RunState.SENT
    assert recorded(Act.RUN_SENT) == 1
    post.now = clock.now()
    post.deliver(5)
    assert post.said() == ["root", "id"]
