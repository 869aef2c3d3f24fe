"""Reads the result tables of Celery's SQLAlchemy backend (`db+…://`), with its own SELECT: Celery's own query unpickles."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

import sqlalchemy
from celery import Celery
from celery.backends.base import Backend
from celery.states import READY_STATES
from kombu.utils import symbol_by_name
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql import TableClause

from bot.broker.outcomes.readers import Answer, Meta, token, unpacked

# Time limits for the drivers that we know, so that a dead connection doesn't block a thread for hours. `Line` gives up earlier.
CONNECTING, READING = 1, 10  # seconds; these drivers take whole seconds only
_LIBPQ: dict[str, Any] = {
    "connect_timeout": CONNECTING,
    "tcp_user_timeout": READING * 1000,
    "keepalives_idle": READING,
    "keepalives_interval": CONNECTING,
}
_MYSQL: dict[str, Any] = {"connect_timeout": CONNECTING, "read_timeout": READING, "write_timeout": READING}
LIMITS: dict[str, dict[str, Any]] = {  # by SQLAlchemy's name of the driver
    "psycopg": _LIBPQ,
    "psycopg2": _LIBPQ,
    "mysqldb": _MYSQL,
    "pymysql": _MYSQL,
    "pysqlite": {"timeout": CONNECTING, "check_same_thread": False},
}
POOL = {"poolclass": QueuePool, "pool_size": 2, "pool_timeout": CONNECTING, "pool_pre_ping": True}
COLUMNS: dict[str, Any] = {
    "task_id": sqlalchemy.String,
    "status": sqlalchemy.String,
    "result": sqlalchemy.LargeBinary,
    "date_done": sqlalchemy.DateTime,
    "traceback": sqlalchemy.Text,
    "worker": sqlalchemy.String,  # only there if `result_extended` was on when the table was created
}


class Decoder(Backend):
    """Decodes results. The platform's own backend class would create or alter tables. Settings about storing have no effect."""

    supports_failure_expires = True

    def prepare_compression(self, _: Any) -> None:
        """Does nothing, because we store nothing. Celery calls this method since 5.7."""


@dataclass
class Tables:
    """Reader of a table of results."""

    backend: Any  # decodes the results
    engine: Engine
    table: TableClause
    zone: tzinfo | None  # the time zone of `date_done`; None: UTC
    _columns: list[Any] = field(default_factory=list)  # those of COLUMNS that the table has; empty: not known yet

    @classmethod
    def of(cls, app: Celery, url: str | None) -> "Tables":
        address = make_url(url or app.conf.database_url)
        schemas = app.conf.database_table_schemas or {}
        names = app.conf.database_table_names or {}
        table = sqlalchemy.table(
            names.get("task") or "celery_taskmeta",
            *map(sqlalchemy.column, COLUMNS, COLUMNS.values()),
            schema=schemas.get("task"),
        )
        # Celery writes its local time. Only PostgreSQL converts it to the connection's time zone, usually UTC.
        zone = None if address.get_backend_name() == "postgresql" else app.timezone
        return cls(Decoder(app=app), _engine(app, address), table, zone)

    def read(self, tasks: list[str]) -> Iterator[Answer]:
        with self.engine.connect() as connection:
            columns = self._existing_columns(connection)
            if not columns:
                return
            query = sqlalchemy.select(*columns).where(self.table.c.task_id.in_(tasks))
            rows = connection.execute(query).mappings().all()
        for row in rows:
            found = dict(row)
            yield Answer(found["task_id"], token(found), partial(self._meta, found))

    def _existing_columns(self, connection: Connection) -> list[Any]:
        """Those of COLUMNS that the table has.

        The list is empty if the table doesn't exist. The first worker creates it, so no task has a result yet.
        """
        if not self._columns:
            try:
                found = sqlalchemy.inspect(connection).get_columns(self.table.name, schema=self.table.schema)
            except NoSuchTableError:
                return []
            names = {column["name"] for column in found}
            self._columns = [column for column in self.table.c if column.name in names]
        return self._columns

    def _meta(self, row: Meta) -> Meta:
        done = row["date_done"]
        if isinstance(done, datetime) and done.tzinfo is None and row["status"] in READY_STATES:
            done = done.replace(tzinfo=self.zone)
        return {**row, "date_done": done, "result": self._result(row["result"])}

    def _result(self, stored: Any) -> Any:
        """The decoded result. Before Celery 5.7, it is a pickle, whatever the serializer is."""
        return None if stored is None else unpacked(self.backend, bytes(stored))


def _engine(app: Celery, address: URL) -> Engine:
    """An engine with the platform's options, except those of the pool, which Celery also ignores outside of workers."""
    given = {**(app.conf.database_engine_options or {})}
    arguments = {**LIMITS.get(address.get_driver_name(), {}), **given.pop("connect_args", {})}
    options = {name: value for name, value in given.items() if not name.startswith("pool")}
    options = {name: value for name, value in options.items() if name not in ("max_overflow", "echo_pool")}
    engine = sqlalchemy.create_engine(address, **options, **POOL, connect_args=arguments)
    if callback := app.conf.get("database_engine_callback"):  # since Celery 5.7
        symbol_by_name(callback)(engine)
    return engine
