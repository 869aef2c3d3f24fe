"""Ends that come while an earlier reply of the thread waits for its next try."""

import pytest

from bot.core.model import NoticeKind, TaskId
from bot.core.ports import NotDelivered
from bot.core.reasons import Code, Reason
from bot.core.secrets import WORDS
from bot.models import Notice
from bot.runs import finish
from tests.factories import an_outcome, slack_says
from tests.runs.post import Post, a_started_run, about, end

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_end_that_comes_late_is_the_last_word_of_its_thread(post: Post) -> None:
    run = a_started_run()
    post.deliver()
    post.slack.fail(NotDelivered(slack_says("internal_error")), when=about(NoticeKind.UNSEEN))
    finish.end_unseen(run.pk, Reason(code=Code.NEVER_HEARD), now=post.now)
    post.deliver(2)
    end(run, post)
    post.deliver(0.1)
    post.deliver(3)
    assert post.said() == ["root", "id", "unseen", "final"]


def test_an_end_of_an_earlier_version_comes_before_another_end(post: Post) -> None:
    """In earlier versions, the rank of such a notice was lower."""
    run = a_started_run()
    post.deliver()
    post.slack.fail(NotDelivered(slack_says("internal_error")), when=about(NoticeKind.FINAL))
    end(run, post)
    Notice.objects.filter(kind=NoticeKind.FINAL).update(rank=3)
    post.deliver(2)
    again = an_outcome("FAILURE", task_id=TaskId(run.task_id), at=post.now)
    finish.record([again], now=post.now, deadline=1800, secret_keys=WORDS)
    post.deliver(0.1)
    post.deliver(3)
    assert post.said() == ["root", "id", "final", "again"]
