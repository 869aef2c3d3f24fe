"""A message that an interrupted try left in Slack is found, whatever the clocks say and whoever else posts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from slack_sdk import WebClient

from bot import wiring
from bot.conf import conf
from bot.core.model import ChannelId
from bot.runs import clock
from bot.slack.client import DELIVERY, web_client
from bot.slack.messages import metadata
from bot.slack.notifier import SlackMessenger
from localslack.testing import LocalSlack, Person
from tests.factories import a_report
from tests.wire.conftest import OPS, Schedule
from tests.wire.test_destinations import ends
from tests.wire.test_thread import finished, run


@pytest.fixture(params=[60, -60], ids=["ahead", "behind"])
def skewed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's clock differs from Slack's."""
    ask, skew = clock._ask, timedelta(seconds=request.param)

    def wrong() -> clock._Reading:
        reading = ask()
        return replace(reading, utc=reading.utc + skew)

    monkeypatch.setattr(clock, "_reading", None)
    monkeypatch.setattr(clock, "_ask", wrong)


@pytest.mark.usefixtures("skewed", "delivering")
def test_a_root_whose_answers_are_lost_is_posted_once(socket_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    socket_bot.fault("lost_answer", method="chat.postMessage", count=2)
    ends(run(socket_bot, ana, schedule()))
    finished(socket_bot, ana)
    assert len(ana.messages(OPS)) == 1


def test_a_message_of_another_app_is_not_taken_for_ours(slack: LocalSlack) -> None:
    """Another site may have a run with the same number, in the same channel."""
    slack.add_app("A0OTHER", name="Other")
    theirs = slack.install("A0OTHER", "T0LOCAL", channels=[OPS], bot_user_id="U0OTHER", bot_id="B0OTHER")
    report, since = a_report(channel=ChannelId(OPS)), clock.last() - timedelta(minutes=1)
    client = WebClient(token=theirs.bot_token, base_url=slack.api_url)
    client.chat_postMessage(channel=OPS, text="theirs", metadata=metadata(report))
    messenger = SlackMessenger(web_client(conf(), DELIVERY), wiring.audiences())
    messenger.introduce()
    assert messenger.find(report, since) is None
    ours = messenger.post(report)
    assert messenger.find(report, since) == ours
