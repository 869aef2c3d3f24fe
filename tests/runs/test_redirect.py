"""If a channel is closed to us, the thread moves to a direct message, and says why."""

from typing import Any

import pytest

from bot.core.model import ChannelId, NoticeKind
from bot.core.ports import ChannelClosed, MessageRefused, NotDelivered
from bot.core.reasons import Code, Reason
from bot.models import Run, SlackLink, StoredRule
from bot.runs.deliver import LAST_RETRY
from tests.factories import ADA, TEAM, slack_says
from tests.fakes import DIRECT
from tests.runs.post import START, Post, a_started_run, about, end, notice
from tests.runs.ruled import person

pytestmark = pytest.mark.django_db(transaction=True)


def test_everything_for_a_closed_channel_goes_to_a_direct_message(post: Post) -> None:
    run = a_started_run()
    post.slack.fail(ChannelClosed(slack_says("not_in_channel")))
    post.deliver()
    assert [(report.kind, report.channel) for report in post.slack.posts] == [(kind, DIRECT) for kind in START]
    assert post.slack.posts[0].redirected_from == "C0001"
    assert post.slack.posts[0].redirected_because == "not_in_channel"
    assert post.slack.posts[1].thread == notice(run, "root").ts
    assert notice(run, "root").channel == DIRECT


@pytest.mark.parametrize("error", ["thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"])
def test_everything_for_a_thread_that_takes_no_replies_goes_to_a_direct_message(post: Post, error: str) -> None:
    run = a_started_run(parent="1.2")
    post.deliver()
    end(run, post)
    post.slack.fail(ChannelClosed(slack_says(error)), when=about(NoticeKind.FINAL))
    post.deliver(5)
    post.deliver(5)
    kinds = [*START, NoticeKind.ROOT, NoticeKind.FINAL]
    assert [report.kind for report in post.slack.posts] == kinds
    root = notice(run, "root").ts
    assert [(report.channel, report.thread) for report in post.slack.posts] == [
        ("C0001", "1.2"), ("C0001", "1.2"), (DIRECT, None), (DIRECT, root),
    ]  # fmt: skip
    assert post.slack.posts[-2].redirected_because == error


def test_a_direct_message_that_was_asked_for_is_opened_and_gives_no_reason(post: Post) -> None:
    run = a_started_run(ADA)
    post.deliver()
    end(run, post)
    post.deliver(5)
    assert [(report.kind, report.channel) for report in post.slack.posts] == [
        (kind, DIRECT) for kind in [*START, NoticeKind.FINAL]
    ]
    assert {(report.redirected_from, report.redirected_because) for report in post.slack.posts} == {(None, "")}
    assert Run.objects.get().channel == notice(run, "id").channel == DIRECT


@pytest.mark.parametrize(
    "answer", [ChannelClosed(slack_says("user_disabled")), DIRECT], ids=["at once", "when posting"]
)
def test_notices_are_parked_if_the_requested_direct_message_is_closed(post: Post, answer: Any) -> None:
    run = a_started_run(ADA)
    post.slack.direct = answer
    post.slack.fail(ChannelClosed(slack_says("user_disabled")))
    post.deliver()
    parked = Reason(code=Code.NO_DIRECT_MESSAGE, params={"direct": "user_disabled"})
    assert (notice(run, "root").state, notice(run, "root").reason) == ("parked", parked)
    assert Run.objects.get().redirected_from == ""


def test_direct_messages_wait_while_a_rule_can_not_be_read(post: Post) -> None:
    """Nobody knows then whether the requester may read them. Messages in channels go on."""
    SlackLink.objects.create(team=TEAM, slack_user=ADA, user_id=str(person("ada").user), home=TEAM)
    unreadable = StoredRule(name="from tomorrow", body="{}")
    unreadable.save()
    a_started_run("D0ADA")
    a_started_run()
    post.deliver()
    assert [(report.kind, report.channel) for report in post.slack.posts] == [(kind, "C0001") for kind in START]
    unreadable.delete()
    post.deliver(LAST_RETRY)
    assert [(report.kind, report.channel) for report in post.slack.posts[2:]] == [(kind, "D0ADA") for kind in START]
    assert not any(report.is_hidden for report in post.slack.posts)


def test_a_channel_that_closes_later_gets_a_new_root_in_the_direct_message(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    end(run, post)
    post.slack.fail(ChannelClosed(slack_says("is_archived")), when=about(NoticeKind.FINAL))
    post.deliver(5)
    post.deliver(5)
    assert [(report.kind, report.channel) for report in post.slack.posts[2:]] == [
        (NoticeKind.ROOT, DIRECT),
        (NoticeKind.FINAL, DIRECT),
    ]
    assert post.slack.posts[-1].thread == notice(run, "root").ts


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            ChannelClosed(slack_says("user_not_found")),
            Reason(
                code=Code.NO_CHANNEL_NO_DIRECT_MESSAGE, params={"channel": "not_in_channel", "direct": "user_not_found"}
            ),
        ),
        (
            MessageRefused(slack_says("missing_scope")),
            Reason(
                code=Code.NO_CHANNEL_NO_DIRECT_MESSAGE, params={"channel": "not_in_channel", "direct": "missing_scope"}
            ),
        ),
    ],
    ids=["closed", "hopeless"],
)
def test_if_channel_and_direct_message_are_closed_notices_are_parked_with_both_reasons(
    post: Post, answer: Exception, problem: Reason
) -> None:
    run = a_started_run()
    post.slack.direct = answer
    post.slack.fail(ChannelClosed(slack_says("not_in_channel")))
    post.deliver()
    assert (notice(run, "root").state, notice(run, "root").reason) == ("parked", problem)
    assert notice(run, "id").state == "parked"


def test_a_direct_message_that_can_not_be_opened_now_is_opened_later(post: Post) -> None:
    a_started_run()
    post.slack.direct = NotDelivered(slack_says("timeout"))
    post.slack.fail(ChannelClosed(slack_says("not_in_channel")), ChannelClosed(slack_says("not_in_channel")))
    post.deliver()
    post.slack.direct = ChannelId("D5")
    post.deliver(5)
    assert [report.channel for report in post.slack.posts] == ["D5", "D5"]


def test_notices_are_parked_if_the_direct_message_is_closed(post: Post) -> None:
    run = a_started_run()
    post.slack.fail(ChannelClosed(slack_says("not_in_channel")), ChannelClosed(slack_says("messages_tab_disabled")))
    post.deliver()
    assert (notice(run, "root").state, notice(run, "root").reason) == (
        "parked",
        Reason(code=Code.NO_DIRECT_MESSAGE, params={"direct": "messages_tab_disabled"}),
    )


def test_a_root_that_can_not_be_edited_stays_as_it_is(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    end(run, post)
    post.slack.fail(ChannelClosed(slack_says("edit_window_closed")), when=about(NoticeKind.PROGRESS))
    post.deliver(5)
    assert post.said() == ["root", "id", "final"]
    assert notice(run, "progress").state == "parked"
    assert Run.objects.get().redirected_from == ""
