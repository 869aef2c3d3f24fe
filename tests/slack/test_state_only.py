"""The messages of a run in a channel that another company reads, or to a requester who may not see the schedule any more."""

import json
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.model import Change, ChannelId, NoticeKind, SlackUserId
from bot.core.reasons import Code, Reason
from bot.core.report import Answered, Asked, Report, Stopped
from bot.core.rights import Need, Said
from bot.core.status import RunState
from bot.core.stops import Standing
from bot.slack.ids import Id
from bot.slack.messages import message, simple_message
from localslack.validation.surfaces import message_problems
from tests.factories import NOW, a_report, an_outcome
from tests.slack.forms import read

SECRET = "acme"  # a word in every text of the run
PAGE = "https://site.example/runs/1"
STATES = set(RunState) - {RunState.NOT_SENT}  # a run in this state has no messages


EXTERNAL, HIDDEN = {"is_external": True}, {"is_hidden": True, "channel": ChannelId("D0ACME")}


def told(kind: NoticeKind, state: RunState = RunState.FINISHED, **changes: Any) -> Report:
    """A report for another company's readers or, with HIDDEN, for such a requester. Its run fills every field."""
    outcome = an_outcome("FAILURE", result="acme failed", traceback="acme.py", result_length=9, worker="acme@1")
    full = a_report(
        kind,
        state=state,
        status="FAILURE" if state is RunState.FINISHED else "STARTED",
        schedule="acme invoices",
        task="acme.invoices",
        requester=SlackUserId("UACME"),
        name="acme's Ana",
        changes=(Change(name="customer", old='"acme"', new='"acme 2"'),),
        said=Said(reason="acme asked for it", mention=("UACME2",)),
        outcome=outcome,
        later_end=outcome,
        unseen_because=Reason(code=Code.SLACK_REFUSED, params={"error": "acme", "details": "acme"}),
        stopped=Stopped(slack=SlackUserId("UACME"), name="acme", at=NOW, standing=Standing.RUNS_ON),
        redirected_from=ChannelId("CACME"),
        redirected_because="acme",
        result_link="https://site.example/results?q=acme",
        duration=3.21,
        by_events=True,
        asked=Asked(
            needs=(Need(rule="acme's rule", needed=1),),
            until=NOW,
            mark="mark",
            ask=("SACME",),
            answers=(Answered(slack=SlackUserId("UACME"), name="acme", is_yes=False, why="acme says no"),),
            problem=Reason(code=Code.SLACK_REFUSED, params={"error": "acme", "details": "acme"}),
        ),
    )
    return replace(full, **(changes if "is_hidden" in changes else EXTERNAL | changes))


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("state", sorted(STATES))
@pytest.mark.parametrize("readers", [EXTERNAL, HIDDEN], ids=["external", "hidden"])
def test_no_message_says_more_than_the_state_whatever_the_run_holds(
    kind: NoticeKind, state: RunState, readers: Any
) -> None:
    report = told(kind, state, **readers)
    built = message(report)
    assert message_problems(built["blocks"]).lines() == []
    for posted in (built, simple_message(report)):
        assert SECRET not in json.dumps(posted).lower()
        assert (report.task_id in json.dumps(posted)) == (kind is NoticeKind.ID)


def test_the_run_of_these_tests_holds_everything() -> None:
    empty = a_report(NoticeKind.ROOT)
    full = told(NoticeKind.FINAL, can_stop=True, may_kill=True)
    ignored = {"is_external", "channel", "run", "task_id", "created_at", "sent_at", "run_link", "has_results"}
    ignored |= {"recipient", "is_hidden"}  # these say who reads the message
    ignored |= {"is_emptied"}  # if this is true, the run has no values or results
    same = {one.name for one in fields(Report) if getattr(full, one.name) == getattr(empty, one.name)}
    assert same <= ignored
    assert SECRET in json.dumps(message(replace(full, is_external=False)))


@pytest.mark.parametrize(
    ("kind", "state", "words", "plain"),
    [
        (NoticeKind.ROOT, RunState.SENT, f"<{PAGE}|Run>: sent", "Run: sent"),
        (NoticeKind.PROGRESS, RunState.RUNNING, f"<{PAGE}|Run>: running", "Run: running"),
        (NoticeKind.PROGRESS, RunState.FINISHED, f"<{PAGE}|Run>: *FAILURE* after 3.2 s", "Run: FAILURE"),
        (NoticeKind.ID, RunState.FINISHED, "Task id `", f"Task id {a_report(NoticeKind.ID).task_id}"),
        (NoticeKind.DEADLINE, RunState.FINISHED, f"<{PAGE}|Run>: no word yet", "Run: no word yet"),
        (NoticeKind.UNSEEN, RunState.UNSEEN, "its end can't be known", "Run: sent, its end can't be known"),
        (NoticeKind.CLOSED, RunState.WITHDRAWN, "withdrawn, not run", "Run: withdrawn, not run"),
        (NoticeKind.FINAL, RunState.FINISHED, f"<{PAGE}|Run>: *FAILURE* after 3.2 s", "Run: FAILURE"),
        (NoticeKind.AGAIN, RunState.FINISHED, f"<{PAGE}|Run> ended again: *FAILURE*", "Run ended again: FAILURE"),
    ],
)
def test_each_message_says_the_state_with_a_link(kind: NoticeKind, state: RunState, words: str, plain: str) -> None:
    report = told(kind, state)
    assert words in read(message(report))
    assert message(report)["text"] == plain


def test_the_root_has_its_buttons_and_says_why_it_says_so_little() -> None:
    report = told(NoticeKind.ROOT, RunState.RUNNING, can_stop=True, stopped=None)
    blocks = message(report)["blocks"]
    assert [one["elements"][0]["action_id"] for one in blocks if one["type"] == "actions"] == ["stop"]
    assert "Another company reads this channel, too." in read(message(report))


def test_a_requester_who_may_not_see_the_schedule_any_more_reads_why_and_gets_no_buttons() -> None:
    for state in STATES:
        report = told(NoticeKind.PROGRESS, state, can_stop=True, may_kill=True, **HIDDEN)
        assert "You may not see this schedule any more. So only the run's state is shown here." in read(message(report))
        assert [one for one in message(report)["blocks"] if one["type"] == "actions"] == []


def test_a_root_that_does_not_show_what_is_approved_has_no_buttons_for_that() -> None:
    blocks = message(told(NoticeKind.ROOT, RunState.WAITING, stopped=None))["blocks"]
    found = [element["action_id"] for one in blocks if one["type"] == "actions" for element in one["elements"]]
    assert found == [Id.STOP]


def test_without_an_address_of_the_site_there_is_only_the_state() -> None:
    report = told(NoticeKind.FINAL, run_link="", created_at=NOW - timedelta(days=1))
    assert ":x: Run: *FAILURE* after 3.2 s" in read(message(report))
