"""Channels and tokens that are closed to us, for a while or for good."""

import json

import pytest
from django_celery_results.models import TaskResult

from bot.core.reasons import Code
from bot.models import Notice, NoticeState, Run
from bot.runs import gate, installations
from localslack.testing import LocalSlack, Person
from tests.factories import slack_says
from tests.wire.conftest import OPS, Schedule
from tests.wire.test_thread import all_words, finished, run

pytestmark = pytest.mark.usefixtures("delivering")


def ends(stored: Run) -> None:
    """A worker reports that the run's task has succeeded."""
    TaskResult.objects.create(task_id=stored.task_id, status="SUCCESS", result='"ok"')


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"is_archived": True}, "archived", id="archived"),
        pytest.param({"is_read_only": True}, "I can't post in", id="read-only"),
    ],
)
def test_if_a_channel_closes_before_the_root_the_thread_is_a_direct_message(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, change: dict[str, bool], said: str
) -> None:
    row = schedule()
    http_bot.fault("http500", method="chat.postMessage")  # the channel closes while the first message waits
    stored = run(http_bot, ana, row)
    http_bot.control("channels", id=OPS, **change)
    ends(stored)
    root, thread = finished(http_bot, ana, ana.dm())
    assert said in all_words(root)
    assert len(thread) == 2


def test_if_a_channel_closes_in_between_the_root_and_the_rest_are_posted_elsewhere(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    stored = run(http_bot, ana, schedule())
    http_bot.wait_for(lambda: Notice.objects.filter(kind="id", state=NoticeState.SENT).exists())
    http_bot.control("channels", id=OPS, is_archived=True)
    ends(stored)
    root, [final] = finished(http_bot, ana, ana.dm(), replies=1)
    assert "archived" in all_words(root)
    assert "SUCCESS" in all_words(final)


def test_messages_that_nobody_can_get_are_parked_with_the_reason(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    http_bot.fault("error", method="chat.postMessage", error="is_archived", count=0)
    http_bot.fault("error", method="conversations.open", error="user_disabled", count=0)
    run(http_bot, ana, schedule())
    http_bot.wait_for(lambda: Notice.objects.filter(kind="root", state=NoticeState.PARKED).exists())
    reason = Notice.objects.get(kind="root").reason
    assert reason is not None
    assert (reason.code, dict(reason.params)) == (
        Code.NO_CHANNEL_NO_DIRECT_MESSAGE,
        {"channel": "is_archived", "direct": "user_disabled"},
    )


def test_a_refused_token_pauses_everything_and_heals_without_a_restart(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PAUSE", 1.0)
    http_bot.fault("error", method="chat.postMessage", error="token_revoked", count=0)
    stored = run(http_bot, ana, schedule())
    ends(stored)
    http_bot.wait_for(lambda: len(http_bot.calls("chat.postMessage")) >= 2)
    assert len(http_bot.calls("chat.postMessage")) < 5, "it doesn't ask Slack again and again"
    http_bot.wait_for(lambda: installations.problem("T0LOCAL/A0LOCAL") == slack_says("token_revoked"))
    http_bot.clear_faults()
    finished(http_bot, ana)


def test_ten_megabytes_of_result_are_shortened_and_not_kept(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    stored = run(http_bot, ana, schedule())
    TaskResult.objects.create(
        task_id=stored.task_id, status="SUCCESS", result=json.dumps({"rows": ["x" * 100] * 100_000})
    )
    _, [_, final] = finished(http_bot, ana)
    assert "Shortened from" in all_words(final)
    stored.refresh_from_db()
    assert len(stored.result) < 5_000


def test_a_busy_channel_delays_no_other(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    http_bot.config(rate_limits=True)
    row = schedule()
    for _ in range(4):
        run(http_bot, ana, row)
    quiet = run(http_bot, ana, row, channel="C0QUIET")
    http_bot.wait_for(lambda: Notice.objects.filter(run=quiet, kind="id", state=NoticeState.SENT).exists())
    assert Notice.objects.filter(run__channel=OPS, kind="id").exclude(state=NoticeState.SENT).exists()
    http_bot.wait_for(lambda: not Notice.objects.exclude(state=NoticeState.SENT).exists(), 30)
