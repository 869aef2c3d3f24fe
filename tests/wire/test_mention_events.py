"""Events about mentions: each is answered once, and only those that people of our installation cause."""

import re
from typing import Any

import pytest
from slack_sdk import WebClient

from bot import wiring
from bot.models import Draft
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.mentioning import BOT, answer, answers, event, subscribe

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def subscribed(slack: LocalSlack) -> None:
    subscribe(slack)


def assert_ignored(slack: LocalSlack, caplog: pytest.LogCaptureFixture, because: str) -> None:
    slack.wait_for(lambda: because in caplog.text)
    assert answers(slack) == []


def test_an_event_that_comes_again_is_answered_once(
    bot: LocalSlack, ana: Person, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    """Slack sends it again if it got no acknowledgement, with a retry number."""
    caplog.set_level("INFO")
    schedule()
    bot.fault("duplicate", type="event_callback")
    answer(bot, ana, f"{BOT} nightly")
    bot.wait_for(lambda: re.search("ignored a .* before", caplog.text))
    assert len(bot.deliveries("event_callback")) == 2
    assert len(answers(bot)) == 1


def test_two_processes_answer_an_event_once(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    schedule()
    answer(http_bot, ana, f"{BOT} nightly")
    wiring.slack_app.cache_clear()  # from now on, another bot answers, which remembers nothing
    [first] = http_bot.deliveries("event_callback")
    assert http_bot.deliver("event_callback", first)["status"] == 200
    http_bot.wait_for(lambda: "ignored a mention that was answered before" in caplog.text)
    assert len(answers(http_bot)) == 1
    assert Draft.objects.count() == 1


def test_an_edit_is_not_answered_again(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    schedule()
    answer(http_bot, ana, f"{BOT} nightly")
    ana.edits(OPS, ana.messages(OPS)[-1]["ts"], f"{BOT} nightly days=30")
    sent = event(edited={"user": "U0ANA", "ts": "1.2"})  # in case Slack sends an event for an edit
    assert http_bot.deliver("event_callback", sent)["status"] == 200
    answer(http_bot, ana, f"{BOT} nightly")
    assert len(answers(http_bot)) == 2


@pytest.mark.parametrize(
    "changes",
    [{"bot_id": "B1"}, {"subtype": "bot_message"}, {"app_id": "A0LOCAL"}, {"text": "  "}, {"user": None}],
    ids=lambda changes: next(iter(changes)),
)
def test_bots_and_messages_without_text_get_no_answer(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, changes: Json
) -> None:
    schedule()
    assert http_bot.deliver("event_callback", event(**changes))["status"] == 200
    answer(http_bot, ana, f"{BOT} nightly")  # the bot has handled the first event by now
    assert len(answers(http_bot)) == 1


def test_the_bot_does_not_answer_other_bots_nor_itself(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    http_bot.add_app("A0OTHER", name="Other")
    other = http_bot.install("A0OTHER", "T0LOCAL", channels=[OPS])
    for token in (other.bot_token, http_bot.bot_token):
        WebClient(token=token, base_url=http_bot.api_url).chat_postMessage(channel=OPS, text=f"{BOT} nightly")
    http_bot.wait_for(lambda: len(http_bot.log("ack", "event_callback")) == 2)
    answer(http_bot, ana, f"{BOT} nightly")
    assert len(answers(http_bot)) == 1


@pytest.mark.parametrize(
    "whose", [{"authorizations": [{"team_id": "T0ELSE"}]}, {"api_app_id": "A0OTHER"}], ids=["workspace", "app"]
)
def test_a_mention_of_another_installation_is_ignored(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, whose: Json, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    schedule()
    http_bot.deliver("event_callback", event(**whose))
    assert_ignored(http_bot, caplog, "ignored a mention of another installation")
    assert Draft.objects.count() == 0


def test_a_mention_in_a_channel_of_another_company_is_answered(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    bot.control("channels", id=OPS, is_shared=True, host="T0ELSE")
    answer(bot, ana, f"{BOT} nightly")
    assert [sent["team_id"] for sent in bot.deliveries("event_callback")] == ["T0ELSE"]


def test_slack_sends_no_event_from_a_channel_without_the_bot(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    ana.types("C0QUIET", f"{BOT} nightly")
    answer(http_bot, ana, f"{BOT} nightly")
    assert [call["channel"] for call in answers(http_bot)] == [OPS]


def test_an_answer_that_slack_does_not_take_is_in_the_log(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody may have removed the bot meanwhile."""
    schedule()
    http_bot.fault("error", method="chat.postEphemeral", error="not_in_channel")
    ana.types(OPS, f"{BOT} nightly days=30")
    http_bot.wait_for(lambda: "chat.postEphemeral: not_in_channel" in caplog.text)
    assert "days" not in caplog.text
