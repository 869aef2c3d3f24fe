"""Slack takes every message, and foreign markup doesn't work in it, however hostile schedule, values and result are."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Change, ChannelId, NoticeKind
from bot.core.reasons import Code, Reason
from bot.core.report import Answered, Asked, Report, Untold
from bot.core.rights import Need
from bot.core.status import RunState
from bot.slack import approval_texts
from bot.slack.ids import FALLBACK_TEXT
from bot.slack.messages import message
from localslack.validation.surfaces import blocks_are_too_long, message_problems
from tests.core import strategies
from tests.factories import ADA, NOW, a_report, an_outcome
from tests.slack.forms import foreign_markup, objects

OURS = rf"@{ADA}|!subteam\^S0123ABCD|#C0009|!date\^\d+\^[^|<>]*\|[^|<>]*|https://site\.example/[^|<>]*\|[^<>]*"
name = strategies.long(200)
maybe = st.none() | strategies.long(400)
outcomes = st.builds(
    an_outcome,
    status=st.sampled_from(["SUCCESS", "FAILURE", "STARTED", "PROGRESS"]),
    result=strategies.long(3000),
    result_length=st.integers(0, 200_000),
    traceback=strategies.long(6000),
)
TO_APPROVERS = (NoticeKind.ASK, NoticeKind.ANSWERED)
shown = [state.value for state in RunState if state is not RunState.NOT_SENT]
asked = st.builds(
    Asked,
    needs=st.lists(
        st.builds(Need, rule=name, needed=st.integers(1, 10), approvers=st.lists(name, max_size=3).map(tuple)),
        max_size=3,
    ).map(tuple),
    until=st.just(NOW),
    mark=st.just("0123456789abcdef"),
    ask=st.just(()) | st.just(("S0123ABCD",)),
    answers=st.lists(
        st.builds(
            Answered, slack=st.sampled_from([ADA, ""]), name=name, is_yes=st.booleans(), why=strategies.long(500)
        ),
        max_size=4,
    ).map(tuple),
    problem=st.none() | st.builds(lambda text: Reason(code=Code.STORED_TEXT, params={"text": f"because {text}"}), name),
    untold=st.none() | st.builds(Untold, number=st.integers(1, 10), all=st.integers(1, 10), because=name),
)
reports = st.builds(
    a_report,
    kind=st.sampled_from(list(NoticeKind)),
    later_end=outcomes,
    schedule=name,
    task=name,
    state=st.sampled_from(shown),
    status=st.sampled_from(["SUCCESS", "FAILURE", "REVOKED"]),
    sent_at=st.none() | st.just(NOW),
    changes=st.lists(st.builds(Change, name=name, old=maybe, new=maybe), max_size=30).map(tuple),
    outcome=st.none() | outcomes,
    duration=st.none() | st.floats(0, 10**7),
    redirected_from=st.none() | st.just(ChannelId("C0009")),
    redirected_because=strategies.long(64),
    asked=st.none() | asked,
    recipient=st.none() | st.just(ADA),
    is_hidden=st.booleans(),
)


@given(reports)
def test_slack_takes_any_message_and_foreign_markup_does_not_work(report: Report) -> None:
    built = message(report)
    assert message_problems(built["blocks"]).lines() == []
    assert not blocks_are_too_long(built["blocks"])
    assert 0 < len(built["text"]) <= FALLBACK_TEXT
    assert "\n" not in built["text"]
    assert foreign_markup(built["text"], "nothing") == []
    # The line breaks are ours: each answer and each rule is on a line of its own.
    most_lines = max(1, len(report.asked.answers), len(report.asked.needs)) if report.asked else 1
    for found in objects(built, "mrkdwn"):
        assert found["verbatim"] is True
        assert foreign_markup(found["text"], OURS) == []
        assert found["text"].count("\n") < most_lines


@given(reports.filter(lambda report: report.kind in TO_APPROVERS))
def test_a_message_to_an_approver_says_how_it_stands_or_nothing_at_all(report: Report) -> None:
    built = message(replace(report, recipient=ADA))
    if report.is_hidden or report.asked is None:
        assert built["text"] == approval_texts.HIDDEN_PLAIN
        assert len(built["blocks"]) == 1
    elif not report.is_unsent:
        assert built["text"].endswith(": approved and sent")


@given(reports.filter(lambda report: report.kind not in TO_APPROVERS and not report.is_hidden))
def test_a_notification_begins_with_its_subject(report: Report) -> None:
    text = message(report)["text"]
    if report.kind is NoticeKind.ID:
        assert text == f"Task id {report.task_id}"
    elif report.kind is NoticeKind.DEADLINE:
        assert text.startswith("No word yet about ")
    elif report.kind is NoticeKind.UNSEEN:
        how = "can't be known" if report.unseen_because else "couldn't be known for some time"
        assert text.endswith(f": its end {how}")
    elif report.kind is NoticeKind.CLOSED:
        assert re.search(": (withdrawn, not run|.*not sent)$", text)
    elif report.kind is NoticeKind.AGAIN:
        assert " ended again: " in text
    elif report.kind is NoticeKind.FINAL or report.state == RunState.FINISHED:
        assert f": {report.status}" in text
