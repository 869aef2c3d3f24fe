"""Notices keep to the pauses that Slack asks for, and to our own pace. The test moves the clock, so nothing waits."""

from datetime import timedelta

import pytest

from bot.core.model import NoticeKind
from bot.core.ports import RateLimited
from bot.models import Notice
from bot.runs import outbox
from tests.factories import ADA, NOW, a_run, slack_says
from tests.fakes import DIRECT
from tests.runs.post import Post, a_started_run, about, notice

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pause_that_slack_asks_for_stops_only_that_channel(post: Post) -> None:
    busy, quiet = a_started_run("C1"), a_started_run("C2")
    post.slack.fail(RateLimited(slack_says("ratelimited"), 30), when=lambda report: report.channel == "C1")
    post.deliver()
    assert {report.channel for report in post.slack.posts} == {"C2"}
    root = notice(busy, "root")
    assert (root.attempts, root.tried_at, root.reason) == (0, None, slack_says("ratelimited"))
    post.deliver(29)
    assert notice(busy, "root").state == "owed"
    assert notice(quiet, "id").state == "sent"
    post.deliver(1)
    assert notice(busy, "root").state == "sent"
    post.deliver(1)
    assert notice(busy, "id").state == "sent"


def test_too_many_edits_block_no_message(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    post.slack.fail(RateLimited(slack_says("ratelimited"), 30), when=about(NoticeKind.PROGRESS))
    outbox.owe_edit(run, now=post.now)
    post.deliver(2)
    outbox.owe(run, NoticeKind.FINAL, now=post.now)
    post.deliver(1)
    assert post.said() == ["root", "id", "final"]
    assert notice(run, "progress").state == "owed"
    post.deliver(30)
    assert notice(run, "progress").state == "sent"


def test_while_edits_must_wait_no_other_edit_is_tried(post: Post) -> None:
    """Slack limits chat.update for the whole workspace."""
    runs = [a_started_run(f"C{number}") for number in range(3)]
    post.deliver()
    for run in runs:
        outbox.owe_edit(run, now=post.now)
    post.slack.fail(RateLimited(slack_says("ratelimited"), 30), when=about(NoticeKind.PROGRESS))
    post.deliverer.gate.is_trusted = False  # so that edits are tried one after the other
    post.deliver(2)
    edits = Notice.objects.filter(kind="progress")
    assert post.slack.edits == []
    assert set(edits.values_list("state", "attempts")) == {("owed", 0)}
    post.deliver(29)
    assert post.slack.edits == []
    post.deliver(1)
    assert len(post.slack.edits) == 3


def test_a_shorter_pause_of_edits_does_not_end_a_longer_one(post: Post) -> None:
    post.deliver()
    run = a_started_run()
    outbox.owe_edit(run, now=post.now)
    post.deliver()
    for pause in (30, 1):
        post.deliverer._paused(notice(run, "progress"), RateLimited(slack_says("ratelimited"), pause))
    assert post.deliverer._edits_from == post.now + timedelta(seconds=30)


def test_a_limit_of_a_call_that_only_prepares_a_message_closes_no_channel(post: Post) -> None:
    asked, other = a_started_run("C1"), a_started_run("C1")
    limited = RateLimited(slack_says("ratelimited"), 30, is_aside=True)
    post.slack.fail(limited, when=lambda report: report.run == asked.pk)
    post.deliver()
    assert notice(asked, "root").state == "owed"
    assert (notice(other, "root").state, notice(other, "id").state) == ("sent", "sent")
    outbox.owe_edit(other, now=post.now)
    outbox.owe_edit(asked, now=post.now)
    post.slack.fail(limited, when=lambda report: report.run == other.pk)
    post.deliver(30)
    assert notice(asked, "root").state == "sent"
    assert notice(other, "progress").state == "owed"
    post.deliver(2)
    assert notice(asked, "progress").state == "sent"


def test_a_direct_message_is_opened_when_slack_allows_it(post: Post) -> None:
    run = a_started_run(ADA)
    post.slack.direct = RateLimited(slack_says("ratelimited"), 30, is_aside=True)
    post.deliver()
    root = notice(run, "root")
    assert (root.attempts, (root.due_at - post.now).total_seconds()) == (0, 30)
    post.slack.direct = DIRECT
    post.deliver(30)
    assert post.said()[:1] == ["root"]


def test_a_channel_gets_its_burst_and_then_a_message_a_second(post: Post) -> None:
    for _ in range(5):
        outbox.owe(a_run(), NoticeKind.ROOT, now=NOW)
    post.deliver()
    assert len(post.slack.posts) == 3
    post.deliver(1)
    assert len(post.slack.posts) == 4
    post.deliver(1)
    assert len(post.slack.posts) == 5
    assert set(Notice.objects.values_list("attempts", flat=True)) == {0}
