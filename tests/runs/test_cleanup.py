"""Forgetting old runs: only what is over, in batches."""

from datetime import timedelta

import pytest

from bot.core.model import NoticeKind
from bot.core.status import RunState
from bot.models import Notice, Run
from bot.runs import cleanup, outbox
from tests.factories import NOW, a_run

pytestmark = pytest.mark.django_db
KEEP = timedelta(days=30)


def aged(state: RunState, age: timedelta) -> Run:
    run = a_run(state=state)
    Run.objects.filter(pk=run.pk).update(created_at=NOW - age, deadline_at=NOW - age)
    return run


def test_only_what_is_over_and_old_is_forgotten_with_its_notices() -> None:
    over = [aged(state, KEEP * 2) for state in cleanup.OVER]
    outbox.owe(over[0], NoticeKind.ROOT, now=NOW)
    kept = [aged(state, KEEP * 2) for state in set(RunState) - set(cleanup.OVER)]
    kept += [aged(state, KEEP / 2) for state in RunState]
    assert cleanup.forget_old_runs(keep=KEEP, now=NOW) == len(over)
    assert set(Run.objects.all()) == set(kept)
    assert not Notice.objects.exists()


def test_a_large_backlog_goes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 2)
    for _ in range(3):
        aged(RunState.FINISHED, KEEP * 2)
    assert [cleanup.forget_old_runs(keep=KEEP, now=NOW) for _ in range(3)] == [2, 1, 0]
