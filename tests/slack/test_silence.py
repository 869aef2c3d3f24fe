"""The replies about runs of which workers report nothing more. They say all that is known, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.model import NoticeKind
from bot.core.reasons import Code, Reason
from bot.core.report import Report
from bot.slack.messages import message
from localslack.validation.surfaces import message_problems
from tests.factories import ADA, NOW, a_report, an_outcome
from tests.slack.forms import read

BEGAN, AT = "<!date^1793879700^", "<!date^1793880000^"
FAILED = {"state": "overdue", "status": "RETRY", "outcome": an_outcome("RETRY", result="HTTPError: upstream said 503")}
CANCELLED = {"state": "overdue", "status": "CANCELLED", "outcome": an_outcome("CANCELLED", result="stopped by hand")}


def said(report: Report) -> str:
    built = message(report)
    assert message_problems(built["blocks"]).lines() == []
    return read(built)


@pytest.mark.parametrize("kind", [NoticeKind.DEADLINE, NoticeKind.UNSEEN, NoticeKind.PROGRESS])
def test_a_try_that_failed_and_a_status_of_the_tasks_own_are_told(kind: NoticeKind) -> None:
    why = {"unseen_because": Reason(code=Code.NEVER_HEARD)} if kind is NoticeKind.UNSEEN else {}
    waits = said(a_report(kind, **FAILED, **why))
    assert "HTTPError: upstream said 503" in waits
    assert "waiting for its next try" in waits
    cancelled = said(a_report(kind, **CANCELLED, **why))
    assert "CANCELLED" in cancelled
    assert "stopped by hand" in cancelled


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (FAILED, "It has been waiting for its next try since <!date^1793880000^"),
        (FAILED, "The last one failed: HTTPError: upstream said 503 If a result arrives later"),
        (CANCELLED, "is CANCELLED: stopped by hand. Whether that is an end, only the task knows."),
        ({"state": "overdue", "outcome": an_outcome("CANCELLED")}, "is CANCELLED. Whether"),
    ],
)
def test_after_a_failed_try_or_a_status_of_its_own_the_deadline_says_only_that_no_end_has_come(
    facts: Any, words: str
) -> None:
    report = a_report(NoticeKind.DEADLINE, **facts)
    assert words in said(report)
    assert f"<@{ADA}> *nightly report* has no end yet" in said(report)
    assert "No word yet" not in said(report)
    assert message(report)["text"] == "nightly report has no end yet"


@pytest.mark.parametrize("status", ["PENDING", "ABORTED", "RECEIVED", "PROGRESS", "SUCCESS"])
def test_the_reply_says_when_a_run_began_only_if_that_is_known(status: str) -> None:
    """A platform may write PENDING when it publishes, and a task may have run before its first report."""
    assert "It began" not in said(a_report(NoticeKind.DEADLINE, state="overdue", outcome=an_outcome(status)))


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (an_outcome("PENDING"), "It was sent <!date^1793880000^"),
        (an_outcome("RECEIVED"), "A worker received it <!date^1793880000^"),
        (an_outcome("PROGRESS", result="3 of 10"), "It was running <!date^1793880000^"),
        (an_outcome("PROGRESS", result="3 of 10"), "The last that it said: 3 of 10."),
        (an_outcome("STARTED", started_at=NOW - timedelta(minutes=5)), f"It began {BEGAN}"),
    ],
)
def test_the_reply_at_the_deadline_says_how_far_the_run_was(outcome: Any, words: str) -> None:
    found = said(a_report(NoticeKind.DEADLINE, state="overdue", outcome=outcome))
    assert words in found
    assert "no worker has reported anything since" in found or "none has reported anything since" in found
    assert "No word yet about" in found


def test_the_tasks_own_texts_can_not_format_the_message() -> None:
    report = a_report(NoticeKind.DEADLINE, state="overdue", outcome=an_outcome("<!channel>", result="*x* <!here>"))
    assert "<!channel>" not in said(report)
    assert "<!here>" not in said(report)


@pytest.mark.parametrize("kind", [NoticeKind.ROOT, NoticeKind.PROGRESS, NoticeKind.DEADLINE, NoticeKind.UNSEEN])
def test_another_company_does_not_read_a_status_of_the_tasks_own(kind: NoticeKind) -> None:
    built = message(a_report(kind, is_external=True, **CANCELLED))
    assert "CANCELLED" not in read(built) + str(built["text"])
