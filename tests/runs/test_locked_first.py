"""Updates and deletions of many runs first lock these runs in the order of their keys, so that no deadlock arises."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from bot.core.model import Source
from bot.runs import cleanup, clock, sources
from tests.factories import INSTALLATION, a_run

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not connection.features.has_select_for_update, reason="SQLite has one writer, and no locks of rows"
    ),
]
KEEP: dict[str, Any] = {"keep": timedelta(0), "knowingly": True}


@pytest.mark.parametrize(
    "changes",
    [
        lambda now: sources.missed(Source.ROWS, before=now, still_there=[]),
        lambda now: cleanup.forget_old_values(INSTALLATION, now=now, **KEEP),
        lambda now: cleanup.forget_old_runs(INSTALLATION, now=now, **KEEP),
    ],
    ids=["missed", "old values", "old runs"],
)
def test_many_runs_are_locked_before_they_are_changed(changes: Callable[[Any], int]) -> None:
    seen: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if "FOR UPDATE" in sql or sql.startswith(("UPDATE", "DELETE")):
            seen.append(sql)
        return execute(sql, *rest)

    now, before = clock.now(), clock.now() - timedelta(hours=1)
    for state in ("sent", "finished"):
        for _ in range(2):
            a_run(state=state, source=Source.ROWS, created_at=before, deadline_at=before)
    with connection.execute_wrapper(note):
        assert changes(now) == 2
    assert seen[0].startswith("SELECT")
    assert "ORDER BY" in seen[0]
