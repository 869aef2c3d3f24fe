"""Reads the result tables of Celery's SQLAlchemy backend (`db+…://`), with our own SELECT: Celery unpickles as it loads rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy
from celery import Celery

from bot.broker.outcomes import kinds, pickled
from bot.broker.outcomes.readers import TIMEOUT, Answer, Meta, token, unpacked

SECONDS = max(1, round(TIMEOUT))  # the drivers take whole seconds
LIMITS: dict[str, dict[str, Any]] = {  # by SQLAlchemy's name of the database
    "postgresql": {
        "connect_timeout": SECONDS,
        "options": f"-c statement_timeout={SECONDS}s",
        "tcp_user_timeout": SECONDS * 1000,
    },
    "mysql": {"connect_timeout": SECONDS, "read_timeout": SECONDS, "write_timeout": SECONDS},
    "sqlite": {"timeout": SECONDS},
}
COLUMNS = ("task_id", "status", "result", "date_done", "traceback")


@dataclass(frozen=True)
class Tables:
    """A table of results."""

    backend: Any  # for decoding
    engine: sqlalchemy.Engine
    table: sqlalchemy.TableClause

    @classmethod
    def of(cls, app: Celery, url: str | None) -> "Tables":
        found, _ = kinds.backend_class(app)
        backend = found(app=app, url=url)
        address = sqlalchemy.make_url(backend.url)
        engine = sqlalchemy.create_engine(
            address,
            pool_size=2,
            pool_pre_ping=True,
            connect_args=LIMITS.get(address.get_backend_name(), {}),
        )
        schemas, names = app.conf.database_table_schemas or {}, app.conf.database_table_names or {}
        table = sqlalchemy.table(
            names.get("task") or "celery_taskmeta", *map(sqlalchemy.column, COLUMNS), schema=schemas.get("task")
        )
        return cls(backend, engine, table)

    def read(self, tasks: list[str]) -> Iterator[Answer]:
        with self.engine.connect() as connection:
            # The first worker makes the table; until then nobody has a result.
            if not sqlalchemy.inspect(connection).has_table(self.table.name, schema=self.table.schema):
                return
            rows = (
                connection.execute(sqlalchemy.select(self.table).where(self.table.c.task_id.in_(tasks)))
                .mappings()
                .all()
            )
        for row in rows:
            found = dict(row)
            yield Answer(found["task_id"], token(found), partial(self._meta, found))

    def _meta(self, row: Meta) -> Meta:
        return {**row, "result": self._result(row["result"])}

    def _result(self, stored: Any) -> Any:
        """Before Celery 5.7, it is a pickle whatever the serializer."""
        if stored is None:
            return None
        data = bytes(stored)
        return pickled.loads(data) if data[:1] == b"\x80" else unpacked(self.backend, data)
