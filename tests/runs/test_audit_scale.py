"""The admin's list of the audit log with 100,000 records: a few queries, each by an index, none that reads the whole table."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bot.models import AuditRecord, Person
from bot.web.history import COUNTED
from tests.audit import filled
from tests.factories import a_run

pytestmark = pytest.mark.slow
ADDRESS = "/admin/runtask/auditrecord/"
NAMES = [*"bcdefghij", "adalbert"]
BASE, DOUBLED = 1600, 6  # records, and how often their number is doubled: 102,400
COPY = """
INSERT INTO runtask_auditrecord
(at, action, person_id, entry, schedule_id, schedule_name, run_id, installation, {count}, details)
SELECT at, action, person_id, entry, schedule_id, schedule_name, run_id, installation, {count}, details
FROM runtask_auditrecord
"""
FILTERS = [
    "",
    "by={person}",
    "of=7",
    "of=8",
    "what=run.asked",
    "what=paused",
    "day={day}",
    "day=2001-01-01",
    "of_run=5",
    "q=adalbert",
]


@pytest.fixture(scope="module")
def log(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """A log of ten people, seven schedules and 400 days. Most records are about runs. All rows are deleted at the end."""
    with django_db_blocker.unblock():
        now = timezone.now()
        # Other tests may have left people behind, so only those that are made here get records.
        made = [Person.objects.create(key=f"scale-{name}", name=name, created_at=now) for name in NAMES]
        people = [person.pk for person in made]
        filled(
            [
                AuditRecord(
                    at=now - timedelta(hours=number * 6),
                    action="paused" if number % 800 == 0 else ("run.asked", "run.sent", "run.ended")[number % 3],
                    person_id=people[number % len(people)],
                    entry="slack",
                    schedule_id=number % 7 + 1,
                    schedule_name="nightly report",
                    run_id=number // 3 + 1,
                    installation="T1/A1",
                    details={"task_id": "x" * 36},
                )
                for number in range(BASE)
            ]
        )
        with connection.cursor() as cursor:
            for _ in range(DOUBLED):
                cursor.execute(COPY.format(count=connection.ops.quote_name("count")))
            analyse(cursor)
        day = (now - timedelta(days=100)).date().isoformat()
        yield {"person": str(people[-1]), "day": day}
        with connection.cursor() as cursor:
            for table in ("runtask_auditrecord", "runtask_person"):
                cursor.execute(f"DELETE FROM {table}")
            analyse(cursor)


def analyse(cursor: Any) -> None:
    cursor.execute("ANALYZE TABLE runtask_auditrecord" if connection.vendor == "mysql" else "ANALYZE")


@pytest.fixture
def root(db: None, log: object, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    client.get(ADDRESS)  # content types are cached
    return client


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}" if connection.vendor == "sqlite" else f"EXPLAIN {sql}")
        return "\n".join(" ".join(map(str, row)) for row in cursor.fetchall())


def reads_everything(found: str) -> bool:
    """Says whether a plan reads or sorts the whole table. SQLite's SCAN with an index and a limit reads only the limit."""
    if connection.vendor == "sqlite":
        lines = [line for line in found.splitlines() if "auditrecord" in line or "TEMP B-TREE" in line]
        return any("TEMP B-TREE" in line or ("SCAN" in line and "USING" not in line) for line in lines)
    if connection.vendor == "postgresql":
        return "Seq Scan on runtask_auditrecord" in found
    return any(" ALL " in line for line in found.splitlines() if "runtask_auditrecord" in line)


@pytest.mark.parametrize("query", FILTERS)
def test_each_filter_has_an_index_and_each_page_the_same_few_queries(
    root: Client, log: dict[str, str], query: str
) -> None:
    for number in range(3):
        a_run(key=f"slack:{number}")
    with CaptureQueriesContext(connection) as asked:
        page = root.get(f"{ADDRESS}?{query.format(**log)}")
    assert page.status_code == 200
    assert page.context["cl"].result_count <= COUNTED
    # The savepoints are there because the test itself is a transaction (bot.web.shielded).
    queries = [one["sql"] for one in asked.captured_queries if "SAVEPOINT" not in one["sql"]]
    about = [sql for sql in queries if "runtask_auditrecord" in sql]
    assert len(about) == 2, "one counts up to COUNTED records, and one reads a page of them"
    assert len(queries) <= 14
    for sql in about:
        assert not reads_everything(found := plan(sql)), f"{sql}\n{found}"


def test_a_plan_that_reads_everything_is_noticed(log: dict[str, str], db: None) -> None:
    assert reads_everything(plan("SELECT * FROM runtask_auditrecord WHERE entry = 'web' ORDER BY installation"))


def test_a_page_shows_what_was_asked_for(root: Client, log: dict[str, str]) -> None:
    shown = root.get(f"{ADDRESS}?by={log['person']}").context["cl"]
    assert {row.person.name for row in shown.result_list} == {NAMES[-1]}
    assert shown.result_count == COUNTED
    paused = root.get(f"{ADDRESS}?what=paused").context["cl"]
    assert paused.result_count == 2 * 2**DOUBLED
