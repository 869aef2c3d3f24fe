"""Slack's clock may differ from ours: what an interrupted try left there is found all the same."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.runs import clock
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.test_destinations import ends
from tests.wire.test_thread import finished, run


@pytest.fixture(params=[60, -60], ids=["ahead", "behind"])
def skewed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's clock, against Slack's."""
    ask, skew = clock._ask, timedelta(seconds=request.param)

    def wrong() -> clock._Reading:
        reading = ask()
        return replace(reading, utc=reading.utc + skew)

    monkeypatch.setattr(clock, "_reading", None)
    monkeypatch.setattr(clock, "_ask", wrong)


@pytest.mark.usefixtures("skewed", "delivering")
def test_a_root_whose_answers_are_lost_is_posted_once(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    http_bot.fault("lost_answer", method="chat.postMessage", count=2)
    ends(run(http_bot, ana, schedule()))
    finished(http_bot, ana)
    assert len(ana.messages(OPS)) == 1
