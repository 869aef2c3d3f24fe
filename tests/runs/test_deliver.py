"""Sending what is owed, whatever Slack answers. The clock is the test's; nothing waits."""

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.core.model import ChannelId, MessageTs, NoticeKind, Report
from bot.core.ports import ChannelClosed, Hopeless, NotDelivered, RateLimited, TokenRefused
from bot.models import Notice, Run
from bot.runs import finish, outbox
from bot.runs.deliver import FIRST_RETRY, LAST_RETRY, TOKEN_PAUSE, Deliverer
from bot.runs.pace import Pacer
from tests.factories import ADA, NOW, a_run, an_outcome
from tests.fakes import DIRECT, FakeMessenger

pytestmark = pytest.mark.django_db(transaction=True)
START = [NoticeKind.ROOT, NoticeKind.ID]


@dataclass
class Post:
    """A deliverer, what it talks to, and its clock."""

    now: datetime = NOW
    slack: FakeMessenger = field(default_factory=FakeMessenger)
    rings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deliverer = Deliverer(
            self.slack,
            base_url="https://site.example",
            pacer=Pacer(self.seconds),
            clock=lambda: self.now,
            wake=lambda: self.rings.append("ring"),
        )

    def seconds(self) -> float:
        return self.now.timestamp()

    def deliver(self, seconds: float = 0) -> None:
        """Everything that can go after `seconds` more."""
        self.now += timedelta(seconds=seconds)
        while self.deliverer.step():
            wait(self.deliverer._running)

    def said(self) -> list[str]:
        return [report.kind.value for report in self.slack.posts]


@pytest.fixture
def post(transactional_db: None) -> Iterator[Post]:
    post = Post()
    yield post
    post.deliverer.drain(10)


def a_started_run(channel: str = "C0001") -> Run:
    run = a_run(channel=channel)
    outbox.owe(run, *START, now=NOW)
    return run


def end(run: Run, post: Post) -> None:
    finish.record([an_outcome(task_id=run.task_id, at=post.now)], now=post.now, deadline=1800)


def notice(run: Run, kind: str) -> Notice:
    return Notice.objects.get(run=run, kind=kind)


def about(kind: NoticeKind) -> Callable[[Report], bool]:
    return lambda report: report.kind is kind


def test_a_thread_is_posted_in_order_and_its_root_edited(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    end(run, post)
    post.deliver(5)
    assert post.said() == ["root", "id", "final"]
    root, reply, final = post.slack.posts
    assert root.thread is None
    assert reply.thread == final.thread == notice(run, "root").ts
    (edit, edited) = post.slack.edits[0]
    assert (edit.kind, edit.status, edited) == (NoticeKind.PROGRESS, "SUCCESS", notice(run, "root").ts)
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}
    assert Run.objects.get().thread == edited
    assert post.rings


def test_nothing_owed_is_nothing_to_do(post: Post) -> None:
    assert post.deliverer.step() is False


def test_a_failed_post_is_tried_again_ever_more_rarely(post: Post) -> None:
    run = a_started_run()
    waits = []
    for _ in range(9):
        post.slack.fail(NotDelivered("TimeoutError"))
        post.deliver()
        due_at = notice(run, "root").due_at
        waits.append((due_at - post.now).total_seconds())
        post.now = due_at
    assert waits == [FIRST_RETRY, 2, 4, 8, 16, 32, LAST_RETRY, LAST_RETRY, LAST_RETRY]
    assert notice(run, "root").problem == "TimeoutError"
    post.deliver()
    assert post.said() == ["root", "id"]
    assert (notice(run, "root").attempts, notice(run, "root").problem) == (0, "")


def test_nothing_overtakes_a_message_that_is_late(post: Post) -> None:
    run = a_started_run()
    end(run, post)
    post.slack.fail(NotDelivered("no"), NotDelivered("no"), when=about(NoticeKind.ROOT))
    post.deliver()
    assert (post.said(), post.slack.edits) == ([], [])
    post.deliver(10)
    post.deliver(10)
    post.deliver(1)
    assert post.said() == ["root", "id", "final"]


def test_slack_asking_for_a_pause_stops_only_that_channel(post: Post) -> None:
    busy, quiet = a_started_run("C1"), a_started_run("C2")
    post.slack.fail(RateLimited("ratelimited", 30), when=lambda report: report.channel == "C1")
    post.deliver()
    assert {report.channel for report in post.slack.posts} == {"C2"}
    root = notice(busy, "root")
    assert (root.attempts, root.tried_at, root.problem) == (0, None, "ratelimited")
    post.deliver(29)
    assert notice(busy, "root").state == "owed"
    assert notice(quiet, "id").state == "sent"
    post.deliver(1)
    assert notice(busy, "root").state == "sent"
    post.deliver(1)
    assert notice(busy, "id").state == "sent"


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


def test_a_closed_channel_sends_everything_to_a_direct_message(post: Post) -> None:
    run = a_started_run()
    post.slack.fail(ChannelClosed("not_in_channel"))
    post.deliver()
    assert [(report.kind, report.channel) for report in post.slack.posts] == [(kind, DIRECT) for kind in START]
    assert post.slack.posts[0].redirected_from == "C0001"
    assert post.slack.posts[0].redirected_because == "not_in_channel"
    assert post.slack.posts[1].thread == notice(run, "root").ts
    assert notice(run, "root").channel == DIRECT


def test_a_channel_that_closes_later_gets_a_new_root_in_the_direct_message(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    end(run, post)
    post.slack.fail(ChannelClosed("is_archived"), when=about(NoticeKind.FINAL))
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
        (ChannelClosed("user_not_found"), "channel: not_in_channel; direct message: user_not_found"),
        (Hopeless("missing_scope"), "channel: not_in_channel; direct message: missing_scope"),
    ],
    ids=["closed", "hopeless"],
)
def test_without_a_direct_message_either_it_is_given_up_with_both_reasons(
    post: Post, answer: Exception, problem: str
) -> None:
    run = a_started_run()
    post.slack.direct = answer
    post.slack.fail(ChannelClosed("not_in_channel"))
    post.deliver()
    assert (notice(run, "root").state, notice(run, "root").problem) == ("parked", problem)
    assert notice(run, "id").state == "parked"


def test_a_direct_message_that_can_not_be_opened_now_is_opened_later(post: Post) -> None:
    a_started_run()
    post.slack.direct = NotDelivered("timeout")
    post.slack.fail(ChannelClosed("not_in_channel"), ChannelClosed("not_in_channel"))
    post.deliver()
    post.slack.direct = ChannelId("D5")
    post.deliver(5)
    assert [report.channel for report in post.slack.posts] == ["D5", "D5"]


def test_a_closed_direct_message_is_the_end(post: Post) -> None:
    run = a_started_run()
    post.slack.fail(ChannelClosed("not_in_channel"), ChannelClosed("messages_tab_disabled"))
    post.deliver()
    assert (notice(run, "root").state, notice(run, "root").problem) == (
        "parked",
        "direct message: messages_tab_disabled",
    )


def test_a_refused_token_stops_everything_for_a_while_and_loses_nothing(post: Post) -> None:
    for channel in ("C1", "C2"):
        a_started_run(channel)
    post.slack.fail(TokenRefused("token_revoked"), TokenRefused("token_revoked"))
    post.deliver()
    post.deliver(TOKEN_PAUSE * 2)
    assert post.slack.posts == [], "the pause is real time: this process has it for 30 s"
    assert set(Notice.objects.filter(kind="root").values_list("state", "problem")) == {("owed", "token_revoked")}

    successor = Post(now=post.now, slack=post.slack)
    successor.deliver()
    successor.deliverer.drain(10)
    assert len(post.slack.posts) == 4


def test_what_can_not_help_is_given_up_with_the_reason(post: Post) -> None:
    run = a_started_run()
    post.slack.fail(Hopeless("invalid_blocks must be less than 3001 characters"))
    post.deliver()
    assert notice(run, "root").problem == "invalid_blocks must be less than 3001 characters"
    assert {n.state for n in Notice.objects.all()} == {"parked"}
    assert post.deliverer.step() is False


def test_a_root_that_can_not_be_edited_is_let_be(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    end(run, post)
    post.slack.fail(ChannelClosed("edit_window_closed"), when=about(NoticeKind.PROGRESS))
    post.deliver(5)
    assert post.said() == ["root", "id", "final"]
    assert notice(run, "progress").state == "parked"
    assert Run.objects.get().redirected_from == ""


def test_after_a_lost_answer_the_message_is_looked_for_before_it_is_sent_again(post: Post) -> None:
    run = a_started_run()
    post.slack.fail(NotDelivered("TimeoutError"))
    post.deliver()
    post.slack.findable = MessageTs("1699999999.000001")
    post.deliver(5)
    assert [report.kind for report in post.slack.searches] == [NoticeKind.ROOT]
    assert post.said() == ["id"], "the root was there already"
    assert Run.objects.get().thread == notice(run, "root").ts == "1699999999.000001"


def test_a_lost_message_that_is_not_found_is_sent_again(post: Post) -> None:
    a_started_run()
    post.slack.fail(NotDelivered("TimeoutError"))
    post.deliver()
    post.deliver(5)
    assert len(post.slack.searches) == 1
    assert post.said() == ["root", "id"]


def test_a_message_that_certainly_was_not_posted_is_not_looked_for(post: Post) -> None:
    a_started_run()
    post.slack.fail(RateLimited("ratelimited", 2))
    post.deliver()
    post.deliver(5)
    assert (post.slack.searches, post.said()) == ([], ["root", "id"])


def test_the_claim_of_a_dead_deliverer_is_taken_over_by_looking_first(post: Post) -> None:
    run = a_started_run()
    assert len(outbox.claim("dead", 10, NOW)) == 1
    post.deliver(10)
    assert post.said() == []
    post.slack.findable = MessageTs("1699999999.000001")
    post.deliver(10)
    assert post.said() == ["id"]
    assert notice(run, "root").ts == "1699999999.000001"


def test_a_defect_of_ours_is_tried_again_and_stops_nobody_else(post: Post) -> None:
    broken, sound = a_started_run("C1"), a_started_run("C2")
    post.slack.fail(ZeroDivisionError("a bug"), when=lambda report: report.channel == "C1")
    post.deliver()
    assert notice(sound, "id").state == "sent"
    assert (notice(broken, "root").state, notice(broken, "root").problem) == ("owed", "internal error, see the log")
    post.deliver(5)
    assert notice(broken, "id").state == "sent"


def test_each_report_is_of_the_run_as_it_is_now(post: Post) -> None:
    run = a_started_run()
    end(run, post)
    post.deliver()
    root = post.slack.posts[0]
    assert (root.state, root.status, root.requester) == ("finished", "SUCCESS", ADA)
    assert root.run_link == f"https://site.example/admin/runtask/run/{run.pk}/change/"
    assert root.result_link.endswith(f"/taskresult/?q={run.task_id}")
