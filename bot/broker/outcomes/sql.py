"""Reads the result tables of Celery's SQLAlchemy backend (`db+…://`), with our own SELECT: Celery unpickles as it loads rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

import sqlalchemy
from celery import Celery
from celery.states import READY_STATES

from bot.broker.outcomes import kinds
from bot.broker.outcomes.readers import Answer, Meta, token, unpacked

SECONDS = 1  # for connecting; drivers take whole seconds. `Line` limits the rest
CONNECT: dict[str, dict[str, Any]] = {  # by SQLAlchemy's name of the database
    "postgresql": {"connect_timeout": SECONDS},
    "mysql": {"connect_timeout": SECONDS},
    "mariadb": {"connect_timeout": SECONDS},
    "sqlite": {"timeout": SECONDS},
}
POOL = {"pool_size": 2, "pool_timeout": SECONDS, "pool_pre_ping": True}
COLUMNS: dict[str, Any] = {
    "task_id": sqlalchemy.String,
    "status": sqlalchemy.String,
    "result": sqlalchemy.LargeBinary,
    "date_done": sqlalchemy.DateTime,
    "traceback": sqlalchemy.Text,
}


@dataclass(frozen=True)
class Tables:
    """A table of results."""

    backend: Any  # for decoding
    engine: sqlalchemy.Engine
    table: sqlalchemy.TableClause
    zone: tzinfo | None  # of the ends of tasks; None: UTC

    @classmethod
    def of(cls, app: Celery, url: str | None) -> "Tables":
        found, _ = kinds.backend_class(app)
        backend = found(app=app, url=url)
        address, options = sqlalchemy.make_url(backend.url), dict(app.conf.database_engine_options or {})
        kind = address.get_backend_name()
        arguments = {**CONNECT.get(kind, {}), **options.pop("connect_args", {})}
        engine = sqlalchemy.create_engine(address, **{**POOL, **options}, connect_args=arguments)
        schemas, names = app.conf.database_table_schemas or {}, app.conf.database_table_names or {}
        table = sqlalchemy.table(
            names.get("task") or "celery_taskmeta",
            *map(sqlalchemy.column, COLUMNS, COLUMNS.values()),
            schema=schemas.get("task"),
        )
        # Celery gives the database its own time. Only PostgreSQL converts that to the connection's time, usually UTC.
        return cls(backend, engine, table, None if kind == "postgresql" else app.timezone)

    def read(self, tasks: list[str]) -> Iterator[Answer]:
        with self.engine.connect() as connection:
            # The first worker makes the table; until then nobody has a result.
            if not sqlalchemy.inspect(connection).has_table(self.table.name, schema=self.table.schema):
                return
            wanted = sqlalchemy.select(self.table).where(self.table.c.task_id.in_(tasks))
            rows = connection.execute(wanted).mappings().all()
        for row in rows:
            found = dict(row)
            yield Answer(found["task_id"], token(found), partial(self._meta, found))

    def _meta(self, row: Meta) -> Meta:
        done = row["date_done"]
        if isinstance(done, datetime) and done.tzinfo is None and row["status"] in READY_STATES:
            done = done.replace(tzinfo=self.zone)
        return {**row, "date_done": done, "result": self._result(row["result"])}

    def _result(self, stored: Any) -> Any:
        """Before Celery 5.7, it is a pickle whatever the serializer."""
        return None if stored is None else unpacked(self.backend, bytes(stored))
