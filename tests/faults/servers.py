"""The databases under test, reached past all proxies: tests read them, lock them, and end connections to them."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg

try:
    import MySQLdb
except ImportError:  # the driver is an extra
    MySQLdb = None

Row = tuple[Any, ...]


class Missing(Exception):
    """A service that the test needs isn't there."""


class Database(Protocol):
    """A database that the processes under test work on."""

    def rows(self, sql: str) -> list[Row]: ...

    def lock(self, seconds: float) -> None:
        """Blocks for so many seconds, in which nobody else can write runs."""

    def connections(self) -> int:
        """The number of connections to the server besides our own; 0 for SQLite."""

    def end_connections(self) -> None:
        """Ends all other connections, as a restart of the server does. Does nothing for SQLite."""


@dataclass(frozen=True)
class Sqlite:
    """A SQLite file."""

    path: Path

    def rows(self, sql: str) -> list[Row]:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            return list(connection.execute(sql))

    def lock(self, seconds: float) -> None:
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")

    def connections(self) -> int:
        return 0

    def end_connections(self) -> None:
        """SQLite has no server that could end connections."""


@dataclass(frozen=True)
class Postgres:
    """A database of a PostgreSQL server. `url`: its address."""

    url: str = field(repr=False)

    OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    def rows(self, sql: str) -> list[Row]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())  # psycopg's types take a text only if it is a literal
            return list(cursor) if cursor.description else []

    def lock(self, seconds: float) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute("LOCK TABLE runtask_run IN EXCLUSIVE MODE")
            time.sleep(seconds)
            connection.rollback()

    def connections(self) -> int:
        return len(self.rows(f"SELECT pid {self.OTHERS}"))

    def end_connections(self) -> None:
        self.rows(f"SELECT pg_terminate_backend(pid) {self.OTHERS}")


@dataclass(frozen=True)
class MariaDB:
    """A database of a MariaDB server. `url`: its address."""

    url: str = field(repr=False)

    OTHERS = "FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A cursor. Raises Missing if the server isn't there."""
        if MySQLdb is None:
            raise Missing("the driver of the extra `mariadb`: make mariadb")
        parts = urlsplit(self.url)
        try:
            connection = MySQLdb.connect(
                host=str(parts.hostname),
                port=parts.port or 3306,
                user=parts.username or "root",
                password=parts.password or "",
                database=parts.path.strip("/"),
                connect_timeout=3,
                autocommit=True,
            )
        except MySQLdb.OperationalError as exc:
            raise Missing(f"MariaDB at {parts.hostname}:{parts.port}: {exc}") from exc
        with closing(connection), connection.cursor() as cursor:
            yield cursor

    def rows(self, sql: str) -> list[Row]:
        with self.connected() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def lock(self, seconds: float) -> None:
        with self.connected() as cursor:
            cursor.execute("LOCK TABLES runtask_run READ")
            time.sleep(seconds)
            cursor.execute("UNLOCK TABLES")

    def connections(self) -> int:
        return len(self.rows(f"SELECT id {self.OTHERS}"))

    def end_connections(self) -> None:
        with self.connected() as cursor:
            cursor.execute(f"SELECT id {self.OTHERS}")
            for (number,) in cursor.fetchall():
                with suppress(MySQLdb.OperationalError):  # the connection has already ended
                    cursor.execute(f"KILL {number}")
