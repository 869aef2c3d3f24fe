"""The messages after a Stop: their words and their buttons."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import NoticeKind, SlackUserId
from bot.core.report import Report, Stopped
from bot.core.stops import Standing
from bot.slack.messages import message
from localslack.validation.surfaces import message_problems
from tests.factories import NOW, a_report, an_outcome
from tests.slack.test_messages import finished, said, text

BEN = "U0BEN"


def stopped(standing: Standing, **who: Any) -> Stopped:
    return Stopped(**{"slack": SlackUserId(BEN), "name": "ben", "at": NOW, "standing": standing, **who})


def test_the_messages_say_who_stopped_the_run_and_how_it_ended() -> None:
    waits = a_report(stopped=stopped(Standing.WAITS))
    assert f"<@{BEN}> asked to stop it. Workers are told not to start it." in said(waits)
    end = replace(finished("SUCCESS"), stopped=stopped(Standing.RAN_TO_ITS_END))
    assert (
        f"*SUCCESS* after 3.2 s: <https://site.example/runs/1|nightly report>\n<@{BEN}> asked to stop it, but it ran"
        in said(end)
    )


def buttons(report: Report) -> list[str]:
    blocks = message(report)["blocks"]
    assert message_problems(blocks).lines() == []
    return [one["action_id"] for block in blocks if block["type"] == "actions" for one in block["elements"]]


@pytest.mark.parametrize("standing", Standing)
def test_a_task_that_goes_on_after_a_stop_can_be_terminated_if_allowed(standing: Standing) -> None:
    report = a_report(state="running", stopped=stopped(standing), can_stop=True, may_kill=True)
    goes_on = standing in (Standing.RUNS_ON, Standing.ABORTING)
    assert buttons(report) == (["terminate"] if goes_on else [])
    assert buttons(replace(report, may_kill=False)) == []
    assert buttons(replace(report, can_stop=False)) == []


def test_a_run_can_be_terminated_only_after_a_stop() -> None:
    assert buttons(a_report(state="running", can_stop=True, may_kill=True)) == ["stop"]


def test_a_run_whose_end_can_not_be_known_can_be_stopped_while_its_message_may_wait() -> None:
    assert buttons(a_report(state="unseen", can_stop=True)) == ["stop", "run_again"]
    assert buttons(a_report(state="unseen", can_stop=False)) == ["run_again"]


@pytest.mark.parametrize("kind", [NoticeKind.ROOT, NoticeKind.CLOSED])
def test_a_run_that_was_withdrawn_after_it_was_sent_can_be_run_again(kind: NoticeKind) -> None:
    assert buttons(a_report(kind, state="withdrawn", stopped=stopped(Standing.WITHDRAWN))) == ["run_again"]


def test_before_terminating_slack_asks_a_question_that_explains_it() -> None:
    report = a_report(state="running", stopped=stopped(Standing.RUNS_ON), can_stop=True, may_kill=True)
    (button,) = (one for block in message(report)["blocks"] if block["type"] == "actions" for one in block["elements"])
    sure = button["confirm"]
    assert (sure["title"]["text"], sure["confirm"]["text"]) == ("Terminate this run?", "Terminate")
    assert "stays half done" in sure["text"]["text"]


def test_a_button_keeps_its_ids_while_its_message_is_edited() -> None:
    """If an edit changed the block's id, Slack would refuse a press that was begun before the edit."""
    first = a_report(state="running", can_stop=True)
    edited = replace(first, kind=NoticeKind.PROGRESS, outcome=an_outcome("PROGRESS", result="2 of 3"))
    assert [row(one)["block_id"] for one in (first, edited)] == ["stop:1"] * 2


def row(report: Report) -> dict[str, Any]:
    (found,) = (block for block in message(report)["blocks"] if block["type"] == "actions")
    return dict(found)


def test_a_stopper_without_an_account_in_this_workspace_is_named() -> None:
    report = a_report(stopped=stopped(Standing.RUNS_ON, slack=SlackUserId(""), name="<ben>"))
    assert "*&lt;ben&gt;* asked to stop it. It is running already" in said(report)
    assert "*Somebody* asked" in said(a_report(stopped=stopped(Standing.RUNS_ON, slack=SlackUserId(""), name="")))


def test_a_run_that_was_withdrawn_is_closed_without_a_status() -> None:
    report = a_report(NoticeKind.CLOSED, state="withdrawn", stopped=stopped(Standing.WITHDRAWN))
    assert f"<@{BEN}> stopped it before a worker took it. It was not run." in said(report)
    assert text(report) == "nightly report: withdrawn, not run"
    assert not re.search(r"\b(SUCCESS|FAILURE|REVOKED)\b", said(report))


def test_an_end_after_the_mark_of_a_stop_is_no_second_run() -> None:
    report = finished("REVOKED", kind=NoticeKind.AGAIN)
    report = replace(report, later_end=an_outcome("SUCCESS"), stopped=stopped(Standing.REVOKED))
    assert "ended again: *SUCCESS*. It was marked as stopped, but a worker ran it all the same." in said(report)
