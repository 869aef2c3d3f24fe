"""Findings about a database file, and about tables that were never made, in the area *Database*."""

from pathlib import Path

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler

from bot.core import private
from bot.doctor import database
from bot.doctor.findings import Level


def test_a_file_that_everybody_on_the_machine_can_read_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "is_open", lambda file: file.name == "open.sqlite3")
    [finding] = database._private(Path("/srv/open.sqlite3"))
    assert finding.level is Level.WARNING
    assert finding.remedy == "chmod 700 /srv; chmod 600 /srv/open.sqlite3*"
    assert list(database._private(Path("/srv/closed.sqlite3"))) == []


@pytest.mark.django_db
def test_recorded_migrations_without_their_tables_are_a_problem_with_a_way_out() -> None:
    """A database router makes such a database: `migrate` records migrations whose operations the router forbids."""
    empty = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})["default"]
    recorder = MigrationRecorder(empty)
    recorder.ensure_schema()
    for app, name in MigrationLoader(None).graph.nodes:
        recorder.record_applied(app, name)
    [finding] = database._migrations(empty, is_forbidden=False)
    assert (finding.what, finding.level) == ("our tables", Level.PROBLEM)
    assert finding.found.startswith("their migrations are recorded, but there is no runtask_")
    assert "allow_migrate" in finding.remedy
    assert "`runtask migrate runtask zero --fake`, then `runtask migrate runtask`" in finding.remedy
    empty.close()
