"""Channels that are shared with another company: what is posted there, and what the form says before Run."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_beat.models import PeriodicTask

from bot import conf, wiring
from bot.models import Notice, NoticeState, Run
from bot.slack import audience
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.form import opened, picked, shown
from tests.wire.test_announcements import announced, starts  # noqa: F401  # a fixture
from tests.wire.test_destinations import ends
from tests.wire.test_scopes import without  # noqa: F401  # a fixture
from tests.wire.test_shortcuts import replies, run_here, used
from tests.wire.test_thread import all_words, finished, run

SHARED = "C0SHARED"
CONFIDENTIAL = ("Nightly report", "tests.wire", "U0ANA", "ana", "days", "rows")
ANOTHER, UNKNOWN = "Another company reads this channel, too.", "It isn't known whether another company"
NOT_NOW = "Slack doesn't say now whether another company"


def said(slack: LocalSlack, channel: str = SHARED) -> list[dict[str, Any]]:
    """All that the bot posted and edited in the channel, without the metadata that only our own app reads."""
    calls = slack.calls("chat.postMessage") + slack.calls("chat.update")
    return [{key: call[key] for key in ("text", "blocks")} for call in calls if call["channel"] == channel]


def form_and_run(
    slack: LocalSlack, person: Person, row: PeriodicTask, *, channel: str = SHARED, kwargs: str | None = None
) -> tuple[str, Run]:
    """Runs the schedule. Returns the form's text before the press of Run, and the run."""
    form = shown(opened(slack, person, f"/runtask {row.name}", channel))
    if kwargs is not None:
        person.fills("kwargs:", None, kwargs)
    assert person.submits()["closed"]
    return form, Run.objects.latest("pk")


def assert_nothing_is_given_away(slack: LocalSlack) -> None:
    """The task's id may be posted: it is random, and says nothing."""
    found = json.dumps(said(slack))
    assert found != "[]"
    for word in CONFIDENTIAL:
        assert word not in found, word


@pytest.mark.usefixtures("worker", "delivering")
def test_only_the_state_and_a_link_are_posted_where_another_company_reads(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule(kwargs='{"days": 7}')
    form, stored = form_and_run(bot, ana, row, kwargs='{"days": 30}')
    assert ANOTHER in form
    root, [task_id, final] = finished(bot, ana, SHARED)
    for message in (root, final):
        assert f"/runs/{stored.pk}/|Run>: *SUCCESS*" in all_words(message)
    assert stored.task_id in all_words(task_id)
    assert_nothing_is_given_away(bot)
    assert len(bot.calls("conversations.info")) == 1


@pytest.mark.usefixtures("worker", "delivering")
def test_of_a_failure_only_the_state_is_posted(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(http_bot, ana, schedule("Fails", task="tests.wire.fail"), channel=SHARED)
    finished(http_bot, ana, SHARED)
    assert_nothing_is_given_away(http_bot)
    assert "in fail" not in json.dumps(said(http_bot))


@pytest.mark.usefixtures("worker", "delivering")
def test_of_a_run_in_a_thread_only_the_state_is_posted(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule(kwargs='{"days": 30}')
    asked = ana.types(SHARED, "please")["ts"]
    run_here(http_bot, ana, SHARED, asked)
    replies(http_bot, ana, SHARED, asked)
    assert_nothing_is_given_away(http_bot)


@pytest.mark.usefixtures("delivering")
def test_of_an_announced_run_only_the_state_is_posted(
    http_bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    announced: Callable[..., None],  # noqa: F811
) -> None:
    schedule()
    announced(SHARED)
    stored = starts(User.objects.get(username="ana"), kwargs={"days": 30})
    ends(stored)
    finished(http_bot, ana, SHARED)
    assert_nothing_is_given_away(http_bot)


@pytest.mark.usefixtures("delivering")
def test_with_full_everything_is_posted_and_the_form_says_so(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, settings: Any
) -> None:
    settings.RUNTASK = {**settings.RUNTASK, "EXTERNAL": "full"}
    conf.conf.cache_clear()
    audiences = wiring.audiences()  # the deliverer, which is running already, has the same object
    audiences.is_full = True
    form, stored = form_and_run(http_bot, ana, schedule())
    assert "say everything: values, results and errors" in form
    ends(stored)
    root, _ = finished(http_bot, ana, SHARED)
    assert "<@U0ANA> ran" in all_words(root)


def test_where_the_bot_may_not_be_able_to_post_the_form_says_only_that(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    form = shown(opened(http_bot, ana, f"/runtask {schedule().name}", "G0SECRET"))
    assert "I may not be able to post in this channel. Then you get the run's messages directly." in form
    assert ANOTHER not in form


@pytest.mark.usefixtures("delivering")
def test_without_the_scope_the_form_says_that_the_readers_are_unknown(
    without: Callable[..., LocalSlack],  # noqa: F811
    ana: Person,
    schedule: Schedule,
) -> None:
    slack = without("channels:read")
    form, stored = form_and_run(slack, ana, schedule())
    assert UNKNOWN in form
    ends(stored)
    root, _ = finished(slack, ana, SHARED)
    assert "<@U0ANA> ran" in all_words(root)


@pytest.mark.usefixtures("delivering")
def test_once_a_channel_is_shared_its_messages_lose_their_details(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "FRESH", 0.0)
    stored = run(http_bot, ana, schedule())
    http_bot.wait_for(lambda: Notice.objects.filter(kind="id", state=NoticeState.SENT).exists())
    assert "Nightly report" in all_words(ana.messages(OPS)[-1])
    http_bot.control("channels", id=OPS, is_shared=True)
    ends(stored)
    root, [_, final] = finished(http_bot, ana)
    for message in (root, final):
        assert "Nightly report" not in json.dumps(message)
        assert "SUCCESS" in all_words(message)


@pytest.mark.usefixtures("delivering")
@pytest.mark.parametrize("fault", ["http500", "drop"])
def test_nothing_is_posted_as_long_as_slack_can_not_be_asked(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, fault: str
) -> None:
    http_bot.fault(fault, method="conversations.info", count=0)
    form, stored = form_and_run(http_bot, ana, schedule())
    assert NOT_NOW in form
    ends(stored)
    http_bot.wait_for(lambda: Notice.objects.filter(kind="root", attempts__gt=0).exists())
    assert said(http_bot) == []
    http_bot.clear_faults()
    finished(http_bot, ana, SHARED)
    assert_nothing_is_given_away(http_bot)
    assert http_bot.calls("conversations.history") == [], "nothing can have been posted"


def test_only_in_a_shared_channel_a_picked_schedule_says_who_reads_it(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    opened(http_bot, ana, "/runtask", SHARED)
    assert ANOTHER in shown(picked(http_bot, ana, "Nightly report"))
    ana.closes()
    opened(http_bot, ana, "/runtask", OPS)
    assert "company" not in shown(picked(http_bot, ana, "Nightly report"))


def test_a_form_that_asks_for_the_channel_explains_shared_channels_there(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    used(http_bot, ana, Id.RUN_SHORTCUT)
    modal = picked(http_bot, ana, "Nightly report")
    hint = next(one["hint"]["text"] for one in modal["blocks"] if one["block_id"] == Id.REPORT_BLOCK)
    assert "If another company reads the channel, too, they may say only how far the run is." in hint
    assert http_bot.calls("conversations.info") == []
