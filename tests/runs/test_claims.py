"""Claims when others are faster: an old look, a long sleep, a run that ends meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from bot.core.model import NoticeKind
from bot.models import Notice, NoticeState, Run
from bot.runs import claims, finish, outbox
from bot.runs.claims import CLAIM
from tests.factories import INSTALLATION, NOW, a_run, an_outcome, slack_says

ROOT = NoticeKind.ROOT
pytestmark = pytest.mark.django_db


@pytest.fixture
def run(db: None) -> Run:
    return a_run()


def test_a_claim_by_an_old_look_takes_nothing_that_was_tried_meanwhile(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    done: list[bool] = []

    def faster(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql == claims.CLAIMED and not done:
            done.append(True)
            (theirs,) = claims.claim(INSTALLATION, 10, NOW).notices
            claims.later(theirs, due_at=NOW + timedelta(seconds=1), problem=slack_says("lost"), maybe_posted=True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(faster):
        assert claims.claim(INSTALLATION, 10, NOW).notices == []


def test_an_edit_is_not_claimed_with_what_was_read_of_its_run_before_the_run_ended(run: Run) -> None:
    finish.record([an_outcome("STARTED", task_id=run.task_id)], now=NOW, deadline=60)
    Notice.objects.exclude(kind=NoticeKind.PROGRESS).update(state=NoticeState.SENT)
    Notice.objects.filter(kind=NoticeKind.PROGRESS).update(state=NoticeState.OWED)
    done: list[bool] = []

    def ends(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql == claims.CLAIMED and not done:
            done.append(True)
            ended = an_outcome("SUCCESS", task_id=run.task_id, at=NOW + timedelta(seconds=1))
            finish.record([ended], now=NOW, deadline=60)
        return execute(sql, params, many, context)

    later = NOW + outbox.EDIT_PACE
    with connection.execute_wrapper(ends):
        assert [notice.kind for notice in claims.claim(INSTALLATION, 10, later).notices] == []
    edit, _ = claims.claim(INSTALLATION, 10, later).notices
    assert (edit.kind, edit.run.status) == (NoticeKind.PROGRESS, "SUCCESS")


def test_who_was_away_for_longer_than_the_claim_does_not_hold_it(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    (mine,) = claims.claim(INSTALLATION, 10, NOW).notices
    assert claims.is_fresh(mine, NOW)
    assert not claims.is_fresh(mine, NOW + CLAIM / 2)
    assert claims.hold(mine, NOW + CLAIM / 2)
    assert claims.is_fresh(mine, NOW + CLAIM / 2)
    assert claims.hold(mine, NOW + CLAIM), "held anew half a claim ago"
    assert not claims.hold(mine, NOW + CLAIM * 3)
    claims.claim(INSTALLATION, 10, NOW + CLAIM * 3)
    assert not claims.hold(mine, NOW + CLAIM * 3)
