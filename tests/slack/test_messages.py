"""The messages of a run in its thread."""

import re
from datetime import timedelta
from typing import Any

import pytest
from celery import states

from bot.core.model import Change, ChannelId, NoticeKind
from bot.core.reasons import Code, Reason
from bot.core.report import Report
from bot.core.status import ENDED, NEVER_RUN, RunState
from bot.core.stops import Standing
from bot.slack import messages, texts
from bot.slack.messages import message
from bot.texts import STATES, STOPS
from localslack.validation.surfaces import message_problems
from tests.factories import ADA, NOW, TASK_ID, a_report, an_outcome
from tests.slack.forms import read

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SHOWN = set(RunState) - {RunState.NOT_SENT}  # a run in this state has no messages
REPLIES = [NoticeKind.ID, NoticeKind.DEADLINE, NoticeKind.UNSEEN, NoticeKind.CLOSED, NoticeKind.FINAL, NoticeKind.AGAIN]


def finished(status: str = "SUCCESS", kind: NoticeKind = NoticeKind.FINAL, **facts: Any) -> Report:
    outcome = an_outcome(status, **facts)
    return a_report(kind, state="finished", status=status, outcome=outcome, duration=3.21)


def said(report: Report) -> str:
    built = message(report)
    assert message_problems(built["blocks"]).lines() == []
    return read(built)


def text(report: Report) -> str:
    return str(message(report)["text"])


def test_every_state_has_its_words() -> None:
    assert set(STOPS) == set(Standing)
    assert set(texts.STATE_ICONS) == set(RunState) - {RunState.FINISHED}
    assert set(STATES) == set(RunState) - {RunState.FINISHED}
    assert set(texts.ICONS) == states.READY_STATES
    assert set(messages.BUILDERS) == set(NoticeKind)


@pytest.mark.parametrize("state", RunState)
def test_of_roots_only_those_of_ended_runs_have_the_button_run_again(state: RunState) -> None:
    for kind in (NoticeKind.ROOT, NoticeKind.PROGRESS):
        root = message(a_report(kind, state=state, status="SUCCESS"))["blocks"] if state in SHOWN else []
        assert message_problems(root).lines() == []
        found = [one["elements"] for one in root if one["type"] == "actions"]
        button = {"type": "button", "action_id": "run_again", "value": "1"}
        plain = {"type": "plain_text", "text": "Run again", "emoji": False}
        assert found == ([[{**button, "text": plain}]] if state in SHOWN & (ENDED | NEVER_RUN) else [])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("queued", "may or may not have been sent"), ("sent", "sent"), ("unknown", "may have been sent"),
        ("running", "running"), ("overdue", "no word yet"),
    ],
)  # fmt: skip
def test_the_root_tells_who_ran_what_and_how_far_it_is(state: str, words: str) -> None:
    report = a_report(state=state)
    assert f"<@{ADA}> ran *<https://site.example/runs/1|nightly report>*: {words}" in said(report)
    assert "`reports.tasks.nightly` · <!date^" in said(report)
    assert "stored arguments" in said(report)
    assert text(report).startswith(f"nightly report: {words}")


@pytest.mark.parametrize("state", ["withdrawn", "not_sent"])
def test_the_root_of_a_run_that_was_not_run_does_not_say_that_it_was_run(state: str) -> None:
    assert f"<@{ADA}> asked for *<https://site.example/runs/1|nightly report>*: " in said(a_report(state=state))


def test_the_end_of_a_task_that_no_worker_knows_is_explained() -> None:
    end = said(finished("FAILURE", result="NotRegistered: 'nobody.knows'"))
    assert "doesn't know this task" in end
    assert "All of it" not in end, "nothing was left out"
    assert "know this task" not in said(finished("FAILURE", result="KeyError: 'NotRegistered'"))


def test_the_root_of_an_ended_run_says_the_status() -> None:
    report = finished("FAILURE", kind=NoticeKind.PROGRESS)
    assert "*FAILURE* after 3.2 s" in said(report)
    assert text(report) == "nightly report: FAILURE after 3.2 s"


def test_progress_is_shown_while_it_runs() -> None:
    report = a_report(state="running", outcome=an_outcome("PROGRESS", result='{\n  "done": 3\n}'))
    assert 'running · { "done": 3 }' in said(report)


def test_a_task_whose_try_failed_is_not_shown_as_running() -> None:
    report = a_report(state="running", status="RETRY", outcome=an_outcome("RETRY", result="Timeout: 5 s"))
    assert "waiting for its next try · Timeout: 5 s" in said(report)
    assert text(report) == "nightly report: waiting for its next try"


def test_each_changed_value_has_one_line() -> None:
    changed = (
        Change(name="days", old="7", new="30"),
        Change(name="x", old=None, new='"a\\nb"'),
        Change(name="y", old="1", new=None),
    )
    assert 'days: 7 -> 30\nx: (not set) -> "a\\nb"\ny: 1 -> (not set)' in said(a_report(changes=changed))
    assert "stored arguments" not in said(a_report(changes=changed))


def test_many_changes_are_counted() -> None:
    changed = tuple(Change(name=f"k{n}", old=None, new="9" * 500) for n in range(30))
    assert "k19: (not set)" in said(a_report(changes=changed)) or "…" in said(a_report(changes=changed))
    small = tuple(Change(name=f"k{n}", old=None, new="9") for n in range(30))
    assert "… and 10 more" in said(a_report(changes=small))


def test_a_thread_in_another_place_says_why_it_is_there() -> None:
    report = a_report(redirected_from=ChannelId("C0009"), redirected_because="is_archived")
    assert "I can't post in <#C0009>: it is archived." in said(report)
    strange = a_report(redirected_from=ChannelId("C0009"), redirected_because="something_new")
    assert "Slack says something_new" in said(strange)


def test_nobody_is_told_to_invite_us_to_a_direct_message() -> None:
    report = a_report(redirected_from=ChannelId("D0009"), redirected_because="channel_not_found")
    assert "I can't post in other people's direct messages." in said(report)
    assert "D0009" not in said(report)
    assert "/invite" not in said(report)


def test_the_id_reply_holds_the_task_id_and_no_other_uuid() -> None:
    report = a_report(NoticeKind.ID)
    for what in (said(report), text(report)):
        assert UUID.findall(what) == [TASK_ID]
    assert "<https://site.example/results?q=1|result>" in said(report)
    assert "result" not in said(a_report(NoticeKind.ID, result_link=""))


@pytest.mark.parametrize(
    ("changes", "doubtful"),
    [
        ({}, False),
        ({"sent_at": None}, True),
        ({"sent_at": None, "outcome": an_outcome("STARTED")}, False),
    ],
    ids=["sent", "nobody knows", "a result shows that it was sent"],
)
def test_the_id_reply_says_if_nobody_knows_whether_it_was_sent(changes: dict[str, Any], doubtful: bool) -> None:
    assert ("may or may not have been sent" in said(a_report(NoticeKind.ID, **changes))) is doubtful


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no worker has reported anything since. Does a worker listen on its queue?"),
        ({"sent_at": None}, "It may or may not have been sent"),
        ({"outcome": an_outcome("STARTED", started_at=NOW - timedelta(minutes=5))}, "It began <!date^1793879700^"),
        ({"by_events": True}, "Does a worker listen on its queue, and does it send events?"),
        ({"unseen_because": Reason(code=Code.UNHEARD)}, "runtask didn't listen to the workers"),
    ],
    ids=["sent", "nobody knows", "begun", "by events", "perhaps missed"],
)
def test_the_reply_at_the_deadline_tells_what_is_known(changes: dict[str, Any], words: str) -> None:
    report = a_report(NoticeKind.DEADLINE, state="overdue", **changes)
    assert words in said(report)
    assert f"<@{ADA}> No word yet about *nightly report*" in said(report)
    assert text(report) == "No word yet about nightly report"


def test_results_that_are_celerys_short_forms_are_labelled_so() -> None:
    end = {"state": "finished", "status": "SUCCESS", "outcome": an_outcome(result="{'rows': 7}")}
    assert texts.SHORT_FORM in said(a_report(NoticeKind.FINAL, by_events=True, **end))
    assert texts.SHORT_FORM not in said(a_report(NoticeKind.FINAL, **end))


@pytest.mark.parametrize("status", sorted(states.READY_STATES))
def test_only_the_replies_about_an_end_contain_a_status_in_capitals(status: str) -> None:
    for kind in REPLIES:
        report = a_report(kind, state="finished", status=status, outcome=an_outcome(status), duration=1.0)
        for what in (said(report), text(report)):
            named = {NoticeKind.FINAL: [status], NoticeKind.AGAIN: ["FAILURE"]}.get(kind, [])
            assert re.findall(r"\b[A-Z]{4,}\b", what.replace(ADA, "")) == named


@pytest.mark.parametrize(
    ("why", "words", "note"),
    [
        (Reason(code=Code.NO_RESULTS), "This site keeps no results", "docs/outcomes.md"),
        (Reason(code=Code.RESULT_EXPIRED, params={"seconds": 600}), "Its end can't be known", "still comes here"),
        (Reason(code=Code.NEVER_HEARD), "Its end can't be known", "still comes here"),
    ],
)
def test_an_end_that_can_not_be_known_is_told_with_the_reason(why: Reason, words: str, note: str) -> None:
    report = a_report(NoticeKind.UNSEEN, state="unseen", unseen_because=why)
    assert f"<@{ADA}> *nightly report*: {words}" in said(report)
    assert note in said(report)
    assert text(report) == "nightly report: its end can't be known"


def test_an_end_that_became_known_before_the_reply_is_not_told_as_unknown() -> None:
    report = a_report(NoticeKind.UNSEEN, state="finished", status="SUCCESS")
    assert "*nightly report*: Its end couldn't be known for some time. A worker has reported on it since." in said(
        report
    )
    assert "still comes here" not in said(report)
    assert text(report) == "nightly report: its end couldn't be known for some time"


def test_a_second_end_shows_its_own_result() -> None:
    report = a_report(
        NoticeKind.AGAIN, state="finished", status="SUCCESS", later_end=an_outcome("FAILURE", result="boom")
    )
    assert "nightly report>* ended again: *FAILURE*" in said(report)
    assert "boom" in said(report)


def test_without_results_an_unknown_fate_stays_unknown() -> None:
    assert "keeps no results that could tell" in said(a_report(NoticeKind.ID, sent_at=None, has_results=False))


def test_a_success_shows_its_result() -> None:
    report = finished(result="42 rows", result_length=7)
    assert f"<@{ADA}> *SUCCESS* after 3.2 s: <https://site.example/runs/1|nightly report>" in said(report)
    assert "42 rows" in said(report)
    assert "Shortened" not in said(report)
    assert text(report) == "nightly report: SUCCESS after 3.2 s – 42 rows"


def test_a_result_of_nothing_takes_no_room() -> None:
    built = message(finished(result=" \n"))
    assert len(built["blocks"]) == 1
    assert len(message(finished())["blocks"]) == 1


def test_a_failure_shows_the_exception_and_the_tracebacks_last_lines() -> None:
    trace = "".join(f'  File "tasks.py", line {n}\n' for n in range(500)) + "ValueError: no such region"
    report = finished("FAILURE", result="ValueError: no such region", result_length=26, traceback=trace)
    assert "line 499\nValueError: no such region" in said(report)
    assert "line 3\n" not in said(report)
    assert text(report).endswith("FAILURE after 3.2 s – ValueError: no such region")


def test_a_long_result_is_shortened_with_a_note_and_the_link() -> None:
    report = finished(result="x" * 3000, result_length=200_000)
    assert "x" * 1199 + "…" in said(report)
    assert "Shortened from 200,000 characters. <https://site.example/results?q=1|All of it>" in said(report)
    assert len(text(report)) < 300


def test_without_an_address_there_is_no_talk_of_a_link() -> None:
    report = a_report(NoticeKind.FINAL, state="finished", status="SUCCESS", result_link="", run_link="",
                      outcome=an_outcome(result="x" * 3000, result_length=3000))  # fmt: skip
    assert "Shortened from 3,000 characters." in said(report)
    assert "All of it" not in said(report)


def test_the_root_is_found_again_under_its_own_kind() -> None:
    found = [message(a_report(kind))["metadata"]["event_payload"] for kind in (NoticeKind.ROOT, NoticeKind.PROGRESS)]
    assert found == [{"run": "1", "kind": "root"}] * 2
