"""An optional trigger on the platform's results table, by which PostgreSQL notifies us of every written result.

The operator adds and removes it (`runtask trigger`). runtask changes nothing else in the platform's tables. A notification
has no content, and PostgreSQL sends at most one per transaction. Without notifications, the watcher looks for results at
its usual pace: only speed depends on the trigger.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import Model

from bot.conf import is_apart
from bot.models import database_of

NAME = "runtask_result_written"  # of the trigger, its function and its channel
LISTEN = 1.0  # seconds; the loop can stop only between two of these
CALM, CROWD = 0.02, 0.2  # seconds between two notifications that wake the watcher: while runs are open, and otherwise
LOOK_AGAIN = 60.0  # seconds until we look again whether the operator has added the trigger
ADD = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('{name}', ''); RETURN NULL; END $$;
DROP TRIGGER IF EXISTS {name} ON {table};
CREATE TRIGGER {name} AFTER INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""
REMOVE = "DROP TRIGGER IF EXISTS {name} ON {table}; DROP FUNCTION IF EXISTS {name}();"
IS_THERE = "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = to_regclass(%s)"


class NotPossible(Exception):
    """The results are not in PostgreSQL, or not ours to change."""


def add() -> None:
    """Raises NotPossible, or Django's ProgrammingError if this role may not."""
    _execute(ADD)


def remove() -> None:
    """Raises as `add` does."""
    _execute(REMOVE)


def is_possible() -> bool:
    """Whether the results are in PostgreSQL."""
    return apps.is_installed("django_celery_results") and bool(_results().vendor == "postgresql")


def is_there() -> bool:
    return is_possible() and _is_there(_results())


def _results() -> Any:
    return connections[database_of(_model())]


def _model() -> type[Model]:
    return apps.get_model("django_celery_results", "TaskResult")


def _is_there(connection: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(IS_THERE, [NAME, _table(connection)])
        return cursor.fetchone() is not None


def _execute(statements: str) -> None:
    if is_apart():
        raise NotPossible("this sidecar only reads the platform's database")
    if not is_possible():
        raise NotPossible("the results are not in PostgreSQL, and no other database can notify runtask of them")
    with _results().cursor() as cursor:
        cursor.execute(statements.format(name=NAME, table=_table(_results())))


def _table(connection: Any) -> str:
    return str(connection.ops.quote_name(_model()._meta.db_table))  # noqa: SLF001  # documented


@dataclass
class Listener:
    """Wakes the watcher when PostgreSQL notifies us. `step` is for a Loop, which survives errors."""

    wake: Callable[[], None]
    is_expecting: Callable[[], bool]  # whether runs are open
    _connection: Any = None  # a Django connection that only this thread uses

    def step(self) -> float:
        if self._connection is None and not self._connect():
            return LOOK_AGAIN
        try:
            told = list(self._connection.connection.notifies(timeout=LISTEN, stop_after=1))
        except Exception:
            self.close()
            raise
        if not told:
            return 0.0
        self.wake()
        return CALM if self.is_expecting() else CROWD

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> bool:
        """False if there is no trigger that notifies us."""
        if not is_possible():
            return False
        connection: Any = _results().copy()
        try:
            connection.ensure_connection()
            if callable(getattr(connection.connection, "notifies", None)) and _is_there(connection):  # psycopg 3
                connection.connection.execute(f"LISTEN {NAME}")
                self._connection = connection
                self.wake()  # for results that were written before
        finally:
            if self._connection is None:
                connection.close()
        return self._connection is not None
