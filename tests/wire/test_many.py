"""Many runs at once, at the rates that Slack allows: every message arrives, in order. Also, tasks that leave no result."""

from datetime import timedelta

import celery
import pytest
from celery import shared_task
from celery.exceptions import Ignore, Reject
from django.utils import timezone
from django_celery_results.models import TaskResult

from bot import wiring
from bot.core.model import NoticeKind
from bot.models import Notice, NoticeState, Run
from bot.runs import outbox
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.test_destinations import ends
from tests.wire.test_thread import all_words, finished, run

pytestmark = [pytest.mark.usefixtures("delivering")]
CHANNELS = 50
IN_ONE = 4  # runs in one channel, of three messages each. Slack takes three messages at once, then one a second
REJECTION_IS_STORED = celery.VERSION >= (5, 7)


@shared_task(name="tests.wire.ignored")
def ignored() -> None:
    raise Ignore


@shared_task(name="tests.wire.rejected")
def rejected() -> None:
    raise Reject("not mine", requeue=False)


def sent_run(number: int, channel: str) -> Run:
    now = timezone.now()
    stored = Run.objects.create(
        key=f"many:{number}",
        task_id=f"many-{number}",
        state="sent",
        schedule_id=1,
        schedule_name="Many",
        task="x",
        team="T0LOCAL",
        slack_user="U0ANA",
        channel=channel,
        sent_at=now,
        deadline_at=now + timedelta(minutes=30),
    )
    outbox.owe(stored, NoticeKind.ROOT, NoticeKind.ID, now=now)
    return stored


def test_fifty_channels_and_a_burst_in_one_all_arrive_in_order(http_bot: LocalSlack, ana: Person) -> None:
    http_bot.config(rate_limits=True)
    channels = [f"C0MANY{number:02}" for number in range(CHANNELS)]
    for channel in channels:
        http_bot.control("channels", id=channel, name=channel.lower(), members=["U0ANA", "U0BOT"])
    runs = [sent_run(number, channel) for number, channel in enumerate([*channels, *[OPS] * IN_ONE])]
    TaskResult.objects.bulk_create(TaskResult(task_id=r.task_id, status="SUCCESS", result='"ok"') for r in runs)
    posts = Notice.objects.exclude(kind=NoticeKind.PROGRESS)
    http_bot.wait_for(lambda: posts.filter(state=NoticeState.SENT).count() == 3 * len(runs), 150)
    for stored in runs:
        order = posts.filter(run=stored).order_by("ts").values_list("kind", flat=True)
        assert list(order) == ["root", "id", "final"]
    assert len(ana.messages(OPS)) == IN_ONE


@pytest.mark.usefixtures("worker")
def test_after_the_deadline_the_thread_of_a_task_that_leaves_no_result_says_so(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    stored = run(http_bot, ana, schedule("Leaves nothing", task="tests.wire.ignored"))
    http_bot.wait_for(lambda: Run.objects.filter(state="running").exists(), 20)
    Run.objects.filter(pk=stored.pk).update(deadline_at=timezone.now())
    http_bot.wait_for(lambda: Notice.objects.filter(kind="deadline", state=NoticeState.SENT).exists())
    [_, deadline] = ana.thread(OPS, ana.messages(OPS)[-1]["ts"])
    assert "No word yet" in all_words(deadline)
    assert "It began" in all_words(deadline)


@pytest.mark.skipif(
    not REJECTION_IS_STORED, reason="a worker before Celery 5.7 leaves no result, so the run becomes overdue"
)
@pytest.mark.usefixtures("worker")
def test_the_thread_of_a_rejected_task_says_so(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(http_bot, ana, schedule("Rejected", task="tests.wire.rejected"))
    _, [_, final] = finished(http_bot, ana)
    assert "Reject: not mine" in all_words(final)


@pytest.mark.nightly  # Slack's rate limits make it slow
def test_three_deliverers_keep_one_pace(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    http_bot.config(rate_limits=True)
    row = schedule()
    others = [wiring.background() for _ in range(2)]  # besides that of the fixture `delivering`
    for loops, _ in others:
        for loop in loops:
            loop.start()
    for _ in range(6):
        ends(run(http_bot, ana, row))
    http_bot.wait_for(lambda: Notice.objects.filter(kind="final", state=NoticeState.SENT).count() == 6, 60)
    posts = [entry["status"] for entry in http_bot.log() if entry.get("method") == "chat.postMessage"]
    assert (len(posts), set(posts)) == (18, {200})
    for loops, deliverer in others:
        for loop in loops:
            loop.stop(10)
        deliverer.drain(10)
