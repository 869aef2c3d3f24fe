"""Claims when deliverers get in each other's way: an old look, a long sleep."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from bot.core.model import NoticeKind
from bot.models import Run
from bot.runs import outbox
from bot.runs.outbox import CLAIM
from tests.factories import NOW, a_run, slack_says

ROOT = NoticeKind.ROOT
pytestmark = pytest.mark.django_db


@pytest.fixture
def run(db: None) -> Run:
    return a_run()


def test_a_claim_by_an_old_look_takes_nothing_that_was_tried_meanwhile(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    done: list[bool] = []

    def faster(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql == outbox.CLAIMED and not done:
            done.append(True)
            (theirs,) = outbox.claim(10, NOW)
            outbox.later(theirs, due_at=NOW + timedelta(seconds=1), problem=slack_says("lost"), maybe_posted=True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(faster):
        assert outbox.claim(10, NOW) == []


def test_who_was_away_for_longer_than_the_claim_does_not_hold_it(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    (mine,) = outbox.claim(10, NOW)
    assert outbox.is_fresh(mine, NOW)
    assert not outbox.is_fresh(mine, NOW + CLAIM / 2)
    assert outbox.hold(mine, NOW + CLAIM / 2)
    assert outbox.is_fresh(mine, NOW + CLAIM / 2)
    assert outbox.hold(mine, NOW + CLAIM), "held anew half a claim ago"
    assert not outbox.hold(mine, NOW + CLAIM * 3)
    outbox.claim(10, NOW + CLAIM * 3)
    assert not outbox.hold(mine, NOW + CLAIM * 3)
