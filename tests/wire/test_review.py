"""Review: a window that shows everything that an approver approves, where the message doesn't."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bot.core.audit import By
from bot.core.reasons import Code
from bot.models import Run
from bot.rule_texts import IS_APPROVED_BY_ONE
from bot.runs import clock, rulebook
from bot.runs.budget import Budget
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


def reviews(slack: LocalSlack, ana: Person, cara: Person, schedule: Schedule) -> Run:
    """Ana asks for a run that the message can't show, and Cara opens the window with all of it."""
    run = asks(slack, ana, schedule(kwargs=json.dumps({"days": "n" * 300})), json.dumps({"days": "m" * 300}))
    cara.clicks_in(OPS, root_of(slack, ana, Id.REVIEW, Id.DECLINE, Id.STOP)["ts"], Id.REVIEW)
    slack.wait_for(cara.modal)
    return run


def test_an_approval_in_the_window_that_takes_too_long_sends_nothing_and_names_the_button_that_is_there(
    http_bot: LocalSlack,
    ana: Person,
    cara: Person,
    schedule: Schedule,
    published: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_force(RULE)
    run = reviews(http_bot, ana, cara, schedule)
    back = threading.Event()
    with monkeypatch.context() as slow:
        slow.setattr("bot.slack.listeners.approvals.Budget", partial(Budget, 0.2))
        slow.setattr("bot.runs.approve.approve", lambda *_: back.wait(20))
        try:
            assert not cara.submits().get("closed")
        finally:
            back.set()
    window = http_bot.wait_for(cara.modal)
    assert shown(window) == "That took too long. Nothing was sent. Close this, and press *Review* again."
    assert (window["title"]["text"], window.get("submit")) == ("Please note", None)
    run.refresh_from_db()
    assert (run.state, published()) == ("waiting", [])


def test_the_window_says_that_the_run_waits_for_somebody_else_too(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule, published: Callable[[], list[Any]]
) -> None:
    in_force(replace(RULE, approvals=2))
    run = reviews(http_bot, ana, cara, schedule)
    assert not cara.submits().get("closed")
    assert shown(http_bot.wait_for(cara.modal)) == IS_APPROVED_BY_ONE
    run.refresh_from_db()
    assert (run.state, published()) == ("waiting", [])


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
