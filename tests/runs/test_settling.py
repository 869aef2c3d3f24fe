"""Which messages were sent is saved in one statement, or later if it can't be saved now. No message is sent twice."""

import logging
import time
from datetime import datetime
from typing import Any

import pytest
from django.db import InternalError, OperationalError, connection

from bot.core.model import MessageTs, NoticeKind
from bot.core.ports import InstallationRefused, NotDelivered, RateLimited
from bot.core.report import Report
from bot.models import Notice, Run
from bot.runs import claims, clock, outbox
from bot.runs.claims import CLAIM, Sent
from bot.runs.deliver import THREADS
from bot.runs.loops import BUSY, delivery_step
from bot.runs.outbox import EDIT_PACE
from tests.broker.waiting import wait_until
from tests.factories import INSTALLATION, NOW, slack_says
from tests.runs.post import Post, a_started_run, about, end, notice

pytestmark = pytest.mark.django_db(transaction=True)
CHANNELS = [f"C{number}" for number in range(6)]


class Database:
    """Counts the statements that save what was sent. While `is_away` is set, it refuses every UPDATE."""

    is_away = False
    problem: Exception = OperationalError("the database is away")
    stored = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.is_away and sql.lstrip().startswith("UPDATE"):
            raise self.problem
        self.stored += sql == claims.SENT
        return execute(sql, params, many, context)


def test_messages_that_were_sent_meanwhile_are_saved_in_one_statement(post: Post) -> None:
    runs = [a_started_run(channel) for channel in CHANNELS]
    post.deliverer.step()
    post.wait()
    database = Database()
    with connection.execute_wrapper(database):
        post.deliverer.step()
    assert database.stored == 1
    assert {(notice(run, "root").state, notice(run, "root").channel) for run in runs} == {
        ("sent", channel) for channel in CHANNELS
    }
    for run in runs:
        run.refresh_from_db()
        assert run.thread == notice(run, "root").ts


@pytest.mark.parametrize("problem", [OperationalError("away"), InternalError("in a read-only transaction")])
def test_messages_that_can_not_be_saved_now_are_saved_later_and_not_sent_again(
    post: Post, caplog: pytest.LogCaptureFixture, problem: Exception
) -> None:
    runs = [a_started_run(channel) for channel in CHANNELS]
    post.slack.fail(RateLimited(slack_says("ratelimited"), 2), when=lambda report: report.channel == "C0")
    post.deliverer.step()
    post.wait()
    database = Database()
    with connection.execute_wrapper(database):
        database.is_away, database.problem = True, problem
        post.deliverer.step()
        assert {notice(run, "root").state for run in runs} == {"claimed"}
        assert "can't be saved now" in caplog.text
        database.is_away = False
        post.deliver()
    assert notice(runs[0], "root").reason == slack_says("ratelimited")
    assert {notice(run, "root").state for run in runs[1:]} == {"sent"}
    post.deliver(2)
    post.deliver(2)
    assert sorted(post.said()) == ["id"] * len(runs) + ["root"] * len(runs)
    assert post.slack.searches == []


def test_a_failed_save_is_not_repeated_at_once(post: Post) -> None:
    a_started_run()
    # After such a refusal, delivery pauses, so that a step has nothing else to ask the database.
    post.slack.fail(InstallationRefused(slack_says("invalid_auth")))
    post.deliverer.step()
    post.wait()
    with connection.execute_wrapper(database := Database()):
        database.is_away = True
        assert delivery_step(post.deliverer) >= BUSY
    assert len(post.deliverer._unsettled) == 1


def test_a_message_that_the_database_refuses_does_not_block_the_others(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    refused, sound = a_started_run("C1"), a_started_run("C2")
    claimed = {one.run_id: one for one in claims.claim(INSTALLATION, 10, NOW).notices}
    no_ts: Any = None
    post.deliverer._unsettled = [
        Sent(claimed[refused.pk], channel="C1", ts=no_ts, at=NOW),
        Sent(claimed[sound.pk], channel="C2", ts="1.1", at=NOW),
    ]
    post.deliver()
    assert (notice(refused, "root").state, notice(sound, "root").state) == ("claimed", "sent")
    assert "can't be saved: it is tried again when its claim is over" in caplog.text


def test_a_deliverer_that_is_stopped_saves_which_messages_were_sent(post: Post) -> None:
    runs = [a_started_run(channel) for channel in CHANNELS]
    post.deliverer.step()
    post.deliverer.drain(10)
    assert {notice(run, "root").state for run in runs} == {"sent"}
    assert {notice(run, "id").state for run in runs} == {"owed"}


def test_a_deliverer_that_is_stopped_gives_back_notices_that_no_thread_has_started(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it posted them just before it ends, it couldn't save that. Another deliverer would post them again."""
    runs = [a_started_run(f"C{number}") for number in range(2 * THREADS + 1)]
    quick = post.slack.post

    def slow(report: Report, *, simply: bool) -> MessageTs:
        wait_until(lambda: time.monotonic() >= post.deliverer._start_until)
        return quick(report, simply=simply)

    monkeypatch.setattr(post.slack, "post", slow)
    post.deliverer.step()
    post.deliverer.drain(3)
    post.deliverer._pool.shutdown()
    assert len(post.slack.posts) == THREADS
    roots = [notice(run, "root") for run in runs]
    assert (
        sorted((root.state, root.tried_at) for root in roots)
        == [("owed", None)] * (THREADS + 1) + [("sent", None)] * THREADS
    )
    assert {root.attempts for root in roots} == {0}


def test_a_message_is_found_if_its_deliverer_died_before_saving_that_it_was_sent(post: Post) -> None:
    run = a_started_run()
    post.deliverer.step()
    post.wait()
    (root,) = post.slack.posts

    successor = Post(now=post.now + CLAIM * 2, slack=post.slack)
    post.slack.findable = MessageTs("1700000000.000001")
    successor.deliver()
    assert post.slack.searches == [root]
    assert notice(run, "root").ts == "1700000000.000001"

    post.deliver()  # the first deliverer isn't dead, but was only frozen
    assert notice(run, "root").ts == "1700000000.000001"
    assert post.said() == ["root", "id"]
    successor.deliverer.drain(10)


def assert_renewed_and_sent_after_one_search(post: Post, run: Run) -> None:
    post.deliverer._settle()
    assert notice(run, "root").claimed_until == NOW + CLAIM * 1.5
    post.wait()
    post.deliver()
    assert post.said() == ["root", "id"]
    assert len(post.slack.searches) == 1, "the message is looked for only once"


def test_a_claim_that_had_to_wait_is_renewed_before_the_search_for_its_message(post: Post) -> None:
    """Otherwise, if Slack answers slowly, the claims of many messages could end during the search, which would begin again."""
    run = a_started_run()
    (mine,) = claims.claim(INSTALLATION, 10, NOW).notices
    mine.tried_at = NOW
    post.now += CLAIM / 2
    post.deliverer._prepare(mine, {})
    post.wait()
    assert (post.slack.searches, post.slack.posts) == ([], [])
    assert_renewed_and_sent_after_one_search(post, run)


def test_a_claim_is_renewed_after_a_long_search(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    run, find = a_started_run(), post.slack.find

    def slow(report: Report, since: datetime) -> MessageTs | None:
        post.now += CLAIM / 2
        return find(report, since)

    monkeypatch.setattr(post.slack, "find", slow)
    (mine,) = claims.claim(INSTALLATION, 10, NOW).notices
    mine.tried_at = NOW
    post.deliverer._prepare(mine, {})
    post.wait()
    assert (len(post.slack.searches), post.slack.posts) == (1, [])
    assert_renewed_and_sent_after_one_search(post, run)


def test_a_deliverer_that_was_frozen_for_longer_than_its_claim_sends_nothing(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    run = a_started_run()
    (mine,) = claims.claim(INSTALLATION, 10, NOW).notices
    post.now += CLAIM * 2
    with caplog.at_level(logging.WARNING):
        post.deliverer._prepare(mine, {})
        post.wait()
        (theirs,) = claims.claim(INSTALLATION, 10, post.now).notices
        post.deliverer._settle()
    assert "took longer than its claim lasts" in caplog.text
    assert (post.deliverer._out, post.slack.posts) == (0, [])
    assert notice(run, "root").claim == theirs.claim


def test_a_deliverer_that_was_frozen_for_longer_than_its_claim_does_not_overwrite_a_newer_edit(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    outbox.owe_edit(run, now=post.now)
    post.now += EDIT_PACE
    (mine,) = claims.claim(INSTALLATION, 10, post.now).notices
    roots = claims.roots([mine])
    end(run, post)
    post.deliver((CLAIM * 2).total_seconds())  # as another deliverer would
    post.deliverer._prepare(mine, roots)
    post.wait()
    post.deliverer._settle()
    assert [report.status for report, _ in post.slack.edits] == ["SUCCESS"]


def test_a_deliverer_on_a_machine_that_was_paused_first_renews_its_claim(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock that counts from the database's last answer may have stood still."""
    run = a_started_run()
    clock.now()
    (mine,) = claims.claim(INSTALLATION, 10, NOW).notices
    with monkeypatch.context() as patch:
        patch.setattr(clock, "is_unsure", lambda: True)
        post.deliverer._prepare(mine, {})
        post.wait()
    assert post.slack.posts == []
    post.deliver()
    post.wait()
    post.deliver()
    assert notice(run, "root").claim == mine.claim
    assert post.said() == ["root", "id"]


def test_an_edit_shows_the_run_as_it_is_when_the_edit_is_claimed(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    post.slack.fail(NotDelivered(slack_says("no")), when=about(NoticeKind.PROGRESS))
    end(run, post)
    post.deliver()
    assert post.slack.edits == []
    Run.objects.update(status="REVOKED")
    post.deliver(1)
    assert [report.status for report, _ in post.slack.edits] == ["REVOKED"]
    assert not Notice.objects.exclude(state="sent").exists()
