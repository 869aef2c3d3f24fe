"""Findings about SQLite's file in the area *Database*."""

from pathlib import Path

import pytest

from bot.core import private
from bot.doctor import database
from bot.doctor.findings import Level


def test_a_file_that_everybody_on_the_machine_can_read_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "is_open", lambda file: file.name == "open.sqlite3")
    [finding] = database._private(Path("/srv/open.sqlite3"))
    assert finding.level is Level.WARNING
    assert finding.remedy == "chmod 700 /srv; chmod 600 /srv/open.sqlite3*"
    assert list(database._private(Path("/srv/closed.sqlite3"))) == []
