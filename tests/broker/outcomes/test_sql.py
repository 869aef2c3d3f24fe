"""The tables of Celery's SQLAlchemy backend are read with the platform's options, and never created or altered."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from sqlalchemy.pool import NullPool

from bot.broker.outcomes.backend import BackendOutcomes
from bot.core.model import Outcome, TaskId

OLD = "id INTEGER, task_id TEXT, status TEXT, result BLOB, date_done TIMESTAMP, traceback TEXT"
EXTENDED = f"{OLD}, name TEXT, worker TEXT"


def an_app(folder: Path, **conf: Any) -> Celery:
    app = Celery("platform", set_as_current=False)
    app.conf.update(result_backend=f"db+sqlite:///{folder}/results.sqlite3", **conf)
    return app


def with_table(folder: Path, columns: str = OLD, name: str = "celery_taskmeta", **values: str) -> Path:
    """Creates the table with one row: the success of task `t`."""
    row = {"task_id": "t", "status": "SUCCESS", "result": b'"ok"', **values}
    marks = ", ".join("?" * len(row))
    with closing(sqlite3.connect(folder / "results.sqlite3")) as database:
        database.execute(f"CREATE TABLE {name} ({columns})")
        database.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", [*row.values()])
        database.commit()
    return folder


def only(app: Celery) -> Outcome:
    [outcome] = BackendOutcomes(app).of(TaskId("t"))
    return outcome


def test_before_the_first_worker_a_read_finds_no_result_and_makes_no_table(tmp_path: Path) -> None:
    """Celery's own backend makes its tables at the first read. A sidecar may lack the right to do that."""
    assert BackendOutcomes(an_app(tmp_path)).of(TaskId("t")) == []
    with closing(sqlite3.connect(tmp_path / "results.sqlite3")) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_table_that_the_first_worker_makes_later_is_read(tmp_path: Path) -> None:
    app = an_app(tmp_path)
    assert BackendOutcomes(app).of(TaskId("t")) == []
    with_table(tmp_path)
    assert only(app).status == "SUCCESS"


def test_the_worker_is_named_if_the_table_has_a_column_for_it(tmp_path: Path) -> None:
    assert only(an_app(with_table(tmp_path, EXTENDED, worker="w1@a"))).worker == "w1@a"


def test_a_table_without_the_extended_columns_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    assert only(an_app(with_table(tmp_path), result_extended=True)).worker == ""
    with closing(sqlite3.connect(tmp_path / "results.sqlite3")) as database:
        [(made,)] = database.execute("SELECT sql FROM sqlite_master").fetchall()
    assert made.endswith(f"({OLD})")


def test_the_platforms_table_is_read_by_its_name_and_schema(tmp_path: Path) -> None:
    with_table(tmp_path, name="outcomes")
    named = {"database_table_names": {"task": "outcomes"}, "database_table_schemas": {"task": "main"}}
    assert only(an_app(tmp_path, **named)).status == "SUCCESS"


def test_an_address_in_a_setting_of_its_own_is_used(tmp_path: Path) -> None:
    app = an_app(with_table(tmp_path))
    app.conf.update(result_backend="database", database_url=f"sqlite:///{tmp_path}/results.sqlite3")
    assert only(app).status == "SUCCESS"


@pytest.mark.parametrize(
    "pool",
    [{"poolclass": NullPool}, {"pool_size": 30, "max_overflow": 5, "echo_pool": True}, {"pool_recycle": 60}],
    ids=lambda pool: next(iter(pool)),
)
def test_the_platforms_options_are_used_except_those_of_a_pool(tmp_path: Path, pool: dict[str, Any]) -> None:
    """Celery itself uses a pool only in workers."""
    with_table(tmp_path)
    options = {**pool, "connect_args": {"uri": True}, "execution_options": {"schema_translate_map": {None: "main"}}}
    app = an_app(tmp_path, database_engine_options=options)
    assert only(app).status == "SUCCESS"


def test_settings_about_storing_results_are_ignored(tmp_path: Path) -> None:
    """Celery warns if a backend doesn't know them, and refuses a method of compression that isn't installed here."""
    app = an_app(with_table(tmp_path), result_compression="no-such", result_failure_expires=60)
    assert only(app).status == "SUCCESS"


def test_the_platforms_callback_prepares_our_engine_too(tmp_path: Path) -> None:
    """The callback may, for example, get a fresh password for each connection."""
    engines: list[Any] = []
    app = an_app(with_table(tmp_path), database_engine_callback=engines.append)
    assert only(app).status == "SUCCESS"
    assert len(engines) == 1
