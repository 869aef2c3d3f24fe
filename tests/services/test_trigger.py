"""PostgreSQL tells of results: what `runtask trigger` puts there, what the watcher hears, and that nothing is left."""

from collections.abc import Iterator
from typing import Any

import dj_database_url
import pytest
from django.core.management import call_command
from django.db import connections
from django_celery_results.models import TaskResult

from bot.broker import trigger
from bot.broker.trigger import CALM, CROWD, LOOK_AGAIN, NAME, Listener
from bot.doctor import results
from tests.faults.setups import Setup

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.parametrize("servers", ["redis"], indirect=True),
]
LEFT = f"""SELECT tgname FROM pg_trigger WHERE tgname ~ 'runtask' UNION SELECT proname FROM pg_proc WHERE proname = '{NAME}'"""
WRITE = "INSERT INTO django_celery_results_taskresult (task_id) VALUES ('t')"


@pytest.fixture
def database(service: Setup, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any) -> Iterator[Any]:
    """A results table in PostgreSQL, as far as it matters here, where a router would send us."""
    settings = dj_database_url.parse(service.environment["DATABASE_URL"])
    connections.settings["told"] = connections.configure_settings({"default": {}, "told": settings})["told"]
    monkeypatch.setattr(trigger, "database_of", lambda _: "told")
    connection = connections["told"]
    with django_db_blocker.unblock():
        rows(connection, f"CREATE TABLE {TaskResult._meta.db_table} (id serial, task_id text)")
        yield connection
        rows(connection, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.close()
    del connections["told"]
    del connections.settings["told"]


def rows(database: Any, statement: str) -> list[Any]:
    with database.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def words() -> list[str]:
    return []


@pytest.fixture
def listener(database: Any, words: list[str]) -> Iterator[Listener]:
    listener = Listener(wake=lambda: words.append("look"), is_expecting=lambda: len(words) < 3)
    yield listener
    listener.close()


def test_what_is_written_is_heard(database: Any, listener: Listener, words: list[str]) -> None:
    assert (listener.step(), words) == (LOOK_AGAIN, [])
    trigger.add()
    assert (listener.step(), words) == (0.0, ["look"])  # for what was written before
    rows(database, WRITE)
    assert (listener.step(), len(words)) == (CALM, 2)
    rows(database, "UPDATE django_celery_results_taskresult SET task_id = 'u'")
    assert (listener.step(), len(words)) == (CROWD, 3)
    assert (listener.step(), len(words)) == (0.0, 3)


def test_a_lost_connection_is_an_error_once_and_then_there_is_another(
    database: Any, listener: Listener, words: list[str], service: Setup
) -> None:
    trigger.add()
    listener.step()
    own = listener._connection.connection.info.backend_pid
    rows(database, f"SELECT pg_terminate_backend({own})")
    with pytest.raises(Exception, match=r"terminat|closed"):
        listener.step()
    rows(database, WRITE)
    listener.step()
    assert words == ["look", "look"]


def test_adding_twice_is_adding_once_and_removing_leaves_nothing(
    database: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for what, there in (("show", False), ("add", True), ("add", True), ("remove", False), ("remove", False)):
        call_command("runtask_trigger", what)
        assert ("is installed" in capsys.readouterr().out) is there
        assert [finding.found[:5] for finding in results.notification()] == ["insta" if there else "not i"]
        assert len(rows(database, LEFT)) == int(there), "trigger and function have one name"
