"""The newest result under a schedule's name."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_results.models import TaskResult

from bot.broker.outcomes import newest
from bot.broker.outcomes.newest import HAS_INDEX, NAMED_LATELY, RECENT_RESULTS
from bot.core.model import LastRun
from tests.factories import a_result

pytestmark = pytest.mark.django_db


def test_the_last_run_is_the_newest_result_under_the_schedules_name() -> None:
    assert newest.run("nightly") is None
    a_result("1", "FAILURE", periodic_task_name="nightly")
    last = a_result("2", "SUCCESS", periodic_task_name="nightly")
    a_result("3", "REVOKED", periodic_task_name="other")
    assert newest.run("nightly") == LastRun(status="SUCCESS", at=last.date_done)


def test_a_run_that_goes_on_is_not_the_last_that_has_ended() -> None:
    for n, status in enumerate(["SUCCESS", "PROGRESS", "STARTED", "RETRY"]):
        a_result(str(n), status, periodic_task_name="nightly")
    found = newest.run("nightly")
    assert found is not None
    assert found.status == "SUCCESS"


@pytest.mark.skipif(not HAS_INDEX, reason="the results app has an index of names since 2.6")
@pytest.mark.parametrize(
    ("behind", "queries"),
    [(0, 1), (RECENT_RESULTS - 1, 1), (RECENT_RESULTS, 2), (10 * RECENT_RESULTS, 2)],
    ids=["newest of all", "last of the newest", "just behind", "long ago"],
)
def test_the_last_run_is_found_however_many_came_after_it(
    django_assert_num_queries: Any, behind: int, queries: int
) -> None:
    a_result("1", "FAILURE", periodic_task_name="nightly", id=7)
    last = a_result("2", "SUCCESS", periodic_task_name="nightly", id=8)
    if behind:
        a_result("3", "REVOKED", id=8 + behind)
    with django_assert_num_queries(queries if connection.vendor == "postgresql" else 1):
        assert newest.run("nightly") == LastRun(status="SUCCESS", at=last.date_done)


def test_every_database_finds_the_same_newest_results() -> None:
    assert NAMED_LATELY.first(connection.alias, name="nightly") is None
    a_result("1", "FAILURE", periodic_task_name="nightly", id=7)
    a_result("2", "SUCCESS", id=7 + RECENT_RESULTS - 1)
    found = NAMED_LATELY.first(connection.alias, name="nightly")
    assert found is not None
    assert found[0] == "FAILURE"
    a_result("3", "SUCCESS", id=7 + RECENT_RESULTS)
    assert NAMED_LATELY.first(connection.alias, name="nightly") is None


@pytest.mark.skipif(HAS_INDEX, reason="the results app has an index of names since 2.6")
@pytest.mark.parametrize(("behind", "is_found"), [(RECENT_RESULTS - 1, True), (RECENT_RESULTS, False)])
def test_without_an_index_only_the_newest_results_are_looked_at(behind: int, is_found: bool) -> None:
    a_result("2", "SUCCESS", periodic_task_name="nightly", id=8)
    a_result("3", "REVOKED", id=8 + behind)
    assert (newest.run("nightly") is not None) is is_found


@pytest.mark.skipif(not HAS_INDEX, reason="the results app has an index of names since 2.6")
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="other databases keep equal names in the order of the key"
)
@pytest.mark.parametrize("name", ["frequent", "rare", "never"])
@pytest.mark.parametrize("analysed", [False, True], ids=["unknown", "analysed"])
def test_each_query_for_the_last_run_can_use_one_index_only(name: str, analysed: bool) -> None:
    """With two indexes, PostgreSQL could choose the worse one, because it may misjudge how frequent a name is."""
    names = ["rare", *["frequent"] * 3 * RECENT_RESULTS, *[f"other {number}" for number in range(RECENT_RESULTS)]]
    TaskResult.objects.bulk_create(
        TaskResult(task_id=number, periodic_task_name=used) for number, used in enumerate(names)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # as in a table that is too large for sequential scans
        if analysed:
            cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as asked:
            newest.run(name)
        plans = []
        for query in asked.captured_queries:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plans.append("\n".join(line for (line,) in cursor))
    lately, by_name = plans
    assert ("_pkey" in lately, "_periodi_" in lately) == (True, False)
    assert ("_pkey" in by_name, "_periodi_" in by_name) == (False, True)
