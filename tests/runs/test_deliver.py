"""Notices are posted, whatever Slack answers. The test moves the clock, so nothing waits."""

import pytest

from bot.core.model import InstallationId, MessageTs, NoticeKind
from bot.core.ports import InstallationRefused, MessageRefused, NotDelivered, RateLimited
from bot.core.reasons import Code
from bot.models import Installation, Notice, Run, SlackLink, StoredRule
from bot.runs import claims, gate, installations, outbox
from bot.runs.deliver import FIRST_RETRY, LAST_RETRY, OURS, TRIES
from bot.texts import sentence
from tests.broker.waiting import wait_until
from tests.factories import ADA, INSTALLATION, NOW, TEAM, a_run, slack_says
from tests.fakes import FakeMessenger
from tests.runs.post import START, Post, a_started_run, about, end, notice
from tests.runs.ruled import person

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_without_owed_notices_nothing_is_posted(post: Post) -> None:
    assert post.deliverer.step() is False


def test_a_failed_post_is_tried_again_ever_more_rarely(post: Post) -> None:
    run = a_started_run()
    waits = []
    for _ in range(9):
        post.slack.fail(NotDelivered(slack_says("TimeoutError")))
        post.deliver()
        due_at = notice(run, "root").due_at
        waits.append((due_at - post.now).total_seconds())
        post.now = due_at
    assert waits == [FIRST_RETRY, 2, 4, 8, 16, 32, LAST_RETRY, LAST_RETRY, LAST_RETRY]
    assert notice(run, "root").reason == slack_says("TimeoutError")
    post.deliver()
    assert post.said() == ["root", "id"]
    assert (notice(run, "root").attempts, notice(run, "root").problem) == (0, "")


def test_no_message_of_a_run_overtakes_a_late_one(post: Post) -> None:
    run = a_started_run()
    end(run, post)
    post.slack.fail(NotDelivered(slack_says("no")), NotDelivered(slack_says("no")), when=about(NoticeKind.ROOT))
    post.deliver()
    assert (post.said(), post.slack.edits) == ([], [])
    post.deliver(10)
    post.deliver(10)
    post.deliver(1)
    assert post.said() == ["root", "id", "final"]


def test_a_direct_message_waits_while_a_rule_can_not_be_read(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    """It isn't known then what its reader may see."""
    SlackLink.objects.create(team=TEAM, slack_user=ADA, user_id=str(person("ada").user))
    run = a_started_run("D0001", slack_user=ADA)
    a_started_run("C0001")
    rule = StoredRule(name="from tomorrow", body="{}")
    rule.save()
    post.deliver()
    assert {one.channel for one in post.slack.posts} == {"C0001"}
    why = notice(run, "root").reason
    assert why is not None
    assert why.code is Code.RULE_UNREADABLE
    assert "the rule 'from tomorrow' can't be read" in sentence(why)
    assert "Traceback" not in caplog.text
    rule.delete()
    post.deliver(FIRST_RETRY)
    assert [str(one.channel) for one in post.slack.posts].count("D0001") == 2


def test_a_refused_token_stops_everything_for_a_while_and_loses_nothing(post: Post) -> None:
    a_started_run()
    revoked = InstallationRefused(slack_says("token_revoked"))
    post.slack.fail(revoked)
    post.deliver()
    post.deliver(60)
    assert post.slack.posts == [], "this process pauses for 30 s of real time"
    assert set(Notice.objects.filter(kind="root").values_list("state", "attempts")) == {("owed", 0)}
    assert installations.problem(INSTALLATION) == revoked.reason

    successor = Post(now=post.now, slack=post.slack)
    successor.deliver()
    successor.deliverer.drain(10)
    assert post.said() == ["root", "id"], "the refused deliverer gave its claims back at once"
    assert installations.problem(INSTALLATION) is None


def test_nothing_is_claimed_before_slack_has_taken_the_token(post: Post) -> None:
    a_started_run()
    refused = Post(now=post.now)
    refused.slack.refuses = InstallationRefused(slack_says("invalid_auth"))
    refused.deliverer.gate.ask()
    refused.deliver(60)
    assert not Notice.objects.exclude(claim="").exists()
    post.deliver()
    assert post.said() == ["root", "id"]


@pytest.mark.parametrize("is_refused", [True, False], ids=["the same token", "another token"])
def test_a_token_refused_to_another_process_is_checked_before_the_next_message(
    post: Post, monkeypatch: pytest.MonkeyPatch, is_refused: bool
) -> None:
    """The check with its own token decides: the other process may have another token."""
    monkeypatch.setattr(gate, "LISTEN", 0.0)
    post.deliver()
    asked, rings = post.slack.introductions, len(post.rings)
    revoked = InstallationRefused(slack_says("token_revoked"))
    installations.refused(INSTALLATION, revoked.reason)
    post.slack.refuses = revoked if is_refused else None
    post.deliver()
    wait_until(lambda: len(post.rings) > rings)  # its thread is back from Slack
    post.deliver()
    a_started_run()
    post.deliver()
    assert post.said() == ([] if is_refused else ["root", "id"])
    assert installations.problem(INSTALLATION) == (revoked.reason if is_refused else None)
    assert post.slack.introductions == asked + 1, "Slack is asked once for each problem"


def test_notices_of_another_installation_are_left_alone(post: Post) -> None:
    theirs = a_run(installation="T0001/A0002")
    outbox.owe(theirs, *START, now=NOW)
    post.deliver()
    assert post.slack.posts == []
    other = Post(now=post.now, slack=FakeMessenger(installation=InstallationId("T0001/A0002")))
    other.deliver()
    other.deliverer.drain(10)
    assert other.said() == ["root", "id"]


def test_notices_that_name_no_installation_go_to_the_only_one(post: Post) -> None:
    outbox.owe(a_run(installation=""), *START, now=NOW)
    post.deliver()
    assert post.said() == ["root", "id"]
    assert Run.objects.get().installation == INSTALLATION


def test_with_several_installations_none_takes_notices_that_name_none(post: Post) -> None:
    Installation.objects.create(key="T0001/A0002", seen_at=NOW)
    outbox.owe(a_run(installation=""), *START, now=NOW)
    post.deliver()
    assert post.slack.posts == []


def test_after_a_refusal_only_one_message_is_tried_first(post: Post) -> None:
    for number in range(5):
        a_started_run(f"C{number}")
    post.deliverer.gate.is_trusted = False
    post.slack.fail(InstallationRefused(slack_says("missing_scope")))
    post.deliver()
    assert Notice.objects.exclude(claim="").count() == 1


def test_a_message_that_slack_does_not_take_goes_out_as_one_line(post: Post) -> None:
    a_started_run()
    post.slack.fail(MessageRefused(slack_says("invalid_blocks")))
    post.deliver()
    assert ([one.kind for one in post.slack.simple], post.said()) == ([NoticeKind.ROOT], ["id"])


def test_a_message_that_slack_refuses_again_and_again_is_parked_with_the_reason(post: Post) -> None:
    run = a_started_run()
    refused = MessageRefused(slack_says("invalid_blocks must be less than 3001 characters"))
    post.slack.fail(*[refused] * TRIES * 2)  # each try posts it with blocks, and then as one line
    for _ in range(TRIES):
        assert notice(run, "root").state == "owed"
        post.deliver(60)
    assert notice(run, "root").reason == slack_says("invalid_blocks must be less than 3001 characters")
    assert {n.state for n in Notice.objects.all()} == {"parked"}
    assert post.deliverer.step() is False


def test_after_a_lost_answer_the_message_is_searched_before_it_is_sent_again(post: Post) -> None:
    run = a_started_run()
    post.slack.fail(NotDelivered(slack_says("TimeoutError")))
    post.deliver()
    post.slack.findable = MessageTs("1699999999.000001")
    post.deliver(5)
    assert [report.kind for report in post.slack.searches] == [NoticeKind.ROOT]
    assert post.said() == ["id"], "the root had already been posted"
    assert Run.objects.get().thread == notice(run, "root").ts == "1699999999.000001"


def test_a_lost_message_that_is_not_found_is_sent_again(post: Post) -> None:
    a_started_run()
    post.slack.fail(NotDelivered(slack_says("TimeoutError")))
    post.deliver()
    post.deliver(5)
    assert len(post.slack.searches) == 1
    assert post.said() == ["root", "id"]


def test_a_message_that_certainly_was_not_posted_is_not_looked_for(post: Post) -> None:
    a_started_run()
    post.slack.fail(RateLimited(slack_says("ratelimited"), 2))
    post.deliver()
    post.deliver(5)
    assert (post.slack.searches, post.said()) == ([], ["root", "id"])


def test_the_claim_of_a_dead_deliverer_is_taken_over_by_looking_first(post: Post) -> None:
    run = a_started_run()
    assert len(claims.claim(INSTALLATION, 10, NOW).notices) == 1
    post.deliver(10)
    assert post.said() == []
    post.slack.findable = MessageTs("1699999999.000001")
    post.deliver(10)
    assert post.said() == ["id"]
    assert notice(run, "root").ts == "1699999999.000001"


def test_a_notice_that_fails_by_our_own_defect_is_tried_again_and_blocks_no_other(post: Post) -> None:
    broken, sound = a_started_run("C1"), a_started_run("C2")
    post.slack.fail(ZeroDivisionError("a bug"), when=lambda report: report.channel == "C1")
    post.deliver()
    assert notice(sound, "id").state == "sent"
    assert (notice(broken, "root").state, notice(broken, "root").reason) == ("owed", OURS)
    post.deliver(5)
    assert notice(broken, "id").state == "sent"


def test_each_report_is_of_the_run_as_it_is_now(post: Post) -> None:
    run = a_started_run()
    end(run, post)
    post.deliver()
    root = post.slack.posts[0]
    assert (root.state, root.status, root.requester) == ("finished", "SUCCESS", ADA)
    assert root.run_link == f"https://site.example/runs/{run.pk}/"
    assert root.result_link == root.run_link


def test_a_question_to_slack_that_fails_by_our_own_defect_is_logged(
    post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def odd() -> None:
        raise KeyError("app_id")

    monkeypatch.setattr(post.slack, "introduce", odd)
    post.deliverer._ask()
    assert "KeyError: 'app_id'" in caplog.text
    assert post.rings == ["ring"]
