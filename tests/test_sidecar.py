"""The connection of a sidecar to the platform's database. tests.services.test_apart_reading does the same with real servers."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.utils import ConnectionHandler

from bot import sidecar
from bot.conf import PLATFORM

MEMORY = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}


@pytest.fixture
def platform(db: None) -> Iterator[BaseDatabaseWrapper]:
    """The platform's database, with one schedule."""
    connection = ConnectionHandler({"default": MEMORY, PLATFORM: MEMORY})[PLATFORM]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE schedule (name TEXT)")
        cursor.execute("INSERT INTO schedule VALUES ('nightly')")
    sidecar.only_read()
    connection_created.send(type(connection), connection=connection)
    yield connection
    connection_created.disconnect(dispatch_uid="runtask.only_read")
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT name FROM schedule",
        "(select name FROM schedule)",
        "\n SELECT name FROM schedule",
        "PRAGMA table_info(schedule)",
    ],
)
def test_statements_that_read_are_sent(statement: str) -> None:
    assert sidecar.READS.match(statement)


def test_the_platform_can_be_read(platform: BaseDatabaseWrapper) -> None:
    with platform.cursor() as cursor:
        cursor.execute("SELECT name FROM schedule")
        assert cursor.fetchall() == [("nightly",)]
        assert platform.introspection.table_names(cursor) == ["schedule"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM schedule",
        "UPDATE schedule SET name = ''",
        "insert into schedule values ('')",
        "CREATE TABLE other (name TEXT)",
        "DROP TABLE schedule",
        "WITH gone AS (SELECT 1) DELETE FROM schedule",
        "EXPLAIN ANALYZE DELETE FROM schedule",
        "SELECTED",
    ],
)
@pytest.mark.parametrize("many", [False, True], ids=["once", "many"])
def test_statements_that_may_write_are_refused(platform: BaseDatabaseWrapper, statement: str, many: bool) -> None:
    with platform.cursor() as cursor:
        with pytest.raises(DatabaseError, match="only reads the platform's database"):
            cursor.executemany(statement, [()]) if many else cursor.execute(statement)
        cursor.execute("SELECT count(*) FROM schedule")
        assert cursor.fetchall() == [(1,)]


def test_transactions_and_savepoints_work(platform: BaseDatabaseWrapper) -> None:
    with platform.cursor() as cursor:
        for statement in ("BEGIN", "SAVEPOINT a", "ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a"):
            cursor.execute(statement)
    platform.rollback()


def test_a_new_connection_is_guarded_once(platform: BaseDatabaseWrapper) -> None:
    connection_created.send(type(platform), connection=platform)
    assert len(platform.execute_wrappers) == 1
