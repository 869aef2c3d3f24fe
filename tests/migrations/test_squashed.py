"""The migrations of version 0.1.0 are one migration now. A database that they made goes on working."""

import sqlite3
from pathlib import Path

import pytest

from tests.migrations.conftest import Django

SQUASHED = "0001_squashed_0008_one_index_of_states"
OLD = "tests.migrations.version_0_1_0"
ROW = """
INSERT INTO runtask_run (id, key, digest, task_id, state, schedule_id, schedule_name, task, args, kwargs, changes, options,
  target, team, slack_user, channel, redirected_from, redirected_because, thread, created_at, not_sent_because, deadline_at,
  status, result, result_length, traceback, worker)
VALUES (1, 'slack:V1', '', 'an-id', 'not_sent', 7, 'nightly report', 'reports.nightly', '[]', '{"days": 30}',
  '[{"name": "argument 1", "old": null, "new": "7"}]', '{}', '[["queue", "reports"], ["expires", "after 60 s"]]', 'T1', 'U1',
  'C1', '', '', '', '2026-11-01', 'the broker can''t be reached (OSError)', '2026-11-01', '', '', 0, '', '');
INSERT INTO runtask_notice (id, run_id, kind, rank, state, version, due_at, attempts, claim, channel, ts, problem)
VALUES (1, 1, 'root', 0, 'parked', 0, '2026-11-01', 0, '', 'C1', '', 'channel: is_archived; direct message: user_disabled');
"""
READ = """
from bot.models import Notice, Run
from bot.option_texts import stored_options
from bot.change_texts import short_lines
from bot.texts import sentence
run = Run.objects.get()
print(sentence(run.not_sent_reason), list(stored_options(run.target)), *short_lines(run.changed_values), sep="|")
print(sentence(Notice.objects.get().reason))
"""


def schema(file: Path) -> dict[str, list[str]]:
    """Columns and indexes of our tables."""
    with sqlite3.connect(file) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'runtask%'")]
        found = {name: sorted(map(str, database.execute(f"PRAGMA table_info({name})"))) for name in names}
    database.close()
    return found


def test_a_database_of_version_0_1_0_needs_no_migration_and_its_rows_are_readable(
    django: Django, tmp_path: Path
) -> None:
    file = tmp_path / "db.sqlite3"
    django("migrate", migrations=OLD)
    with sqlite3.connect(file) as database:
        database.executescript(ROW)
    database.close()
    old = schema(file)
    assert "No migrations to apply" in django("migrate", "runtask", SQUASHED)
    assert schema(file) == old
    django("migrate")
    assert "No changes detected" in django("makemigrations", "runtask", "--check")
    run, notice = django("shell", "-c", READ).splitlines()[-2:]
    target = [("queue", "reports"), ("expires", "after 60 s")]
    assert run == f'the broker can\'t be reached (OSError)|{target}|"argument 1": (not set) -> 7'
    assert notice == "channel: is_archived; direct message: user_disabled"


@pytest.mark.nightly
def test_a_new_database_has_the_same_tables_as_one_of_version_0_1_0(django: Django, tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    django("migrate", migrations=OLD)
    old = {name: [without_place(column) for column in columns] for name, columns in schema(file).items()}
    file.unlink()
    django("migrate", "runtask", SQUASHED)
    new = {name: [without_place(column) for column in columns] for name, columns in schema(file).items()}
    assert {name: sorted(columns) for name, columns in new.items()} == {
        name: sorted(columns) for name, columns in old.items()
    }


def without_place(column: str) -> str:
    """Removes the positions of columns, because added columns come last in the old tables."""
    return column.partition(", ")[2]
