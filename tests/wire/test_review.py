"""Review: a window that shows everything that an approver approves, where the message doesn't."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.core.audit import By
from bot.core.reasons import Code
from bot.runs import clock, rulebook
from bot.slack.ids import Id
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.runs.ruled import in_force
from tests.wire.conftest import OPS, Schedule
from tests.wire.form import shown
from tests.wire.homes import says
from tests.wire.test_approvals import RULE, asks, cara, root_of, told

__all__ = ["cara"]  # a fixture

pytestmark = pytest.mark.usefixtures("delivering")


def test_what_the_message_can_not_show_is_approved_in_a_window_that_shows_it(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule, published: Callable[[], list[Any]]
) -> None:
    in_force(RULE)
    note = "n" * 300
    run = asks(http_bot, ana, schedule(kwargs=json.dumps({"days": f"{note}1"})), json.dumps({"days": f"{note}2"}))
    root = root_of(http_bot, ana, Id.REVIEW, Id.DECLINE, Id.STOP)
    assert SENTENCES[Code.OWN_RUN] in told(http_bot, ana, lambda: ana.clicks_in(OPS, root["ts"], Id.REVIEW))
    cara.clicks_in(OPS, root["ts"], Id.REVIEW)
    window = http_bot.wait_for(cara.modal)
    assert f'days: "{note}1" -> "{note}2"' in shown(window)
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    assert not cara.submits().get("closed")
    assert "has paused it" in shown(http_bot.wait_for(cara.modal))
    assert published() == []
    cara.closes()
    rulebook.resume(by=By(words="a test"))
    cara.clicks_in(OPS, root["ts"], Id.REVIEW)
    http_bot.wait_for(cara.modal)
    assert cara.submits()["closed"]
    run.refresh_from_db()
    assert (run.state, len(published())) == ("sent", 1)


def test_home_has_review_too(http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule) -> None:
    in_force(RULE)
    row, many = schedule(kwargs='{"days": 7}'), json.dumps({"days": [*range(200)]})
    cara.opens_home()
    run = asks(http_bot, ana, row, many)
    says(http_bot, cara, "asked for by <@U0ANA>")
    cara.presses_home(Id.REVIEW)
    window = http_bot.wait_for(cara.modal)
    assert "198, 199]" in shown(window)
    assert cara.submits()["closed"]
    run.refresh_from_db()
    assert run.state == "sent"
