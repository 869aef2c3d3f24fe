"""Claims when another process is faster: rows that were read too early, a long sleep, a run that ends meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from bot.core.model import NoticeKind
from bot.core.secrets import WORDS
from bot.models import Notice, NoticeState, Run
from bot.runs import claims, finish, outbox
from bot.runs.claims import CLAIM
from tests.factories import INSTALLATION, NOW, a_run, an_outcome, slack_says

ROOT = NoticeKind.ROOT
pytestmark = pytest.mark.django_db


@pytest.fixture
def run(db: None) -> Run:
    return a_run()


def test_a_claim_by_rows_read_earlier_takes_no_notice_that_was_tried_since(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    done: list[bool] = []

    def faster(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql == claims.CLAIMED and not done:
            done.append(True)
            (theirs,) = claims.claim(INSTALLATION, 10, NOW).notices
            claims.retry(theirs, NOW + timedelta(seconds=1), slack_says("lost"), maybe_posted=True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(faster):
        assert claims.claim(INSTALLATION, 10, NOW).notices == []


def test_an_edit_is_claimed_with_its_run_as_it_is_at_the_claim(run: Run) -> None:
    finish.record([an_outcome("STARTED", task_id=run.task_id)], now=NOW, deadline=60, secret_keys=WORDS)
    Notice.objects.exclude(kind=NoticeKind.PROGRESS).update(state=NoticeState.SENT)
    Notice.objects.filter(kind=NoticeKind.PROGRESS).update(state=NoticeState.OWED)
    done: list[bool] = []

    def ends(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql == claims.CLAIMED and not done:
            done.append(True)
            ended = an_outcome("SUCCESS", task_id=run.task_id, at=NOW + timedelta(seconds=1))
            finish.record([ended], now=NOW, deadline=60, secret_keys=WORDS)
        return execute(sql, params, many, context)

    later = NOW + outbox.EDIT_PACE
    with connection.execute_wrapper(ends):
        assert [notice.kind for notice in claims.claim(INSTALLATION, 10, later).notices] == []
    edit, _ = claims.claim(INSTALLATION, 10, later).notices
    assert (edit.kind, edit.run.status) == (NoticeKind.PROGRESS, "SUCCESS")


def test_a_deliverer_that_slept_longer_than_its_claim_has_lost_it(run: Run) -> None:
    outbox.owe(run, ROOT, now=NOW)
    (mine,) = claims.claim(INSTALLATION, 10, NOW).notices
    assert claims.is_fresh(mine, NOW)
    assert not claims.is_fresh(mine, NOW + CLAIM / 2)
    assert claims.renew(mine, NOW + CLAIM / 2)
    assert claims.is_fresh(mine, NOW + CLAIM / 2)
    assert claims.renew(mine, NOW + CLAIM), "the claim was renewed half its length ago"
    assert not claims.renew(mine, NOW + CLAIM * 3)
    claims.claim(INSTALLATION, 10, NOW + CLAIM * 3)
    assert not claims.renew(mine, NOW + CLAIM * 3)
