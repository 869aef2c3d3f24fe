"""The set-ups for the tests: the embedded default, and real services behind proxies."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import redis

from bot import env
from tests.faults.proxy import HOST, Proxy
from tests.faults.servers import Database, MariaDB, Missing, Postgres, Row, Sqlite

POSTGRES = env.environ().get("FAULTS_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
MARIADB = env.environ().get("FAULTS_MARIADB", "mysql://root@127.0.0.1:3306")
REDIS = env.environ().get("FAULTS_REDIS", "redis://127.0.0.1:6379")
RABBITMQ = env.environ().get("FAULTS_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672")
REDIS_DATABASES = (*range(15, 11, -1), *range(10, 1, -1))  # the first free one is taken; the benchmark uses 11
CLAIM = "runtask:faults"


Refuses = Callable[[], AbstractContextManager[None]]


@dataclass(kw_only=True)
class Setup:
    """The processes' environment, ways to break it, and access to the database past all proxies."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    database: Proxy | None = None
    broker: Proxy | None = None
    server: Database | None = None
    broker_refuses: Refuses | None = None  # during the block, the broker refuses every message
    results: str = ""  # the address where workers keep results; "": in rows
    results_proxy: Proxy | None = None  # between runtask's processes and the results; workers don't use it

    def status(self, task: str) -> str:
        """The task's status in Redis, read past all proxies; "" if the worker has written none."""
        with redis.Redis.from_url(self.results) as client:
            found = client.get(f"celery-task-meta-{task}")
        return str(json.loads(found)["status"]) if found else ""

    def rows(self, sql: str) -> list[Row]:
        return self._server.rows(sql)

    def lock_database(self, seconds: float) -> None:
        self._server.lock(seconds)

    def connections(self) -> int:
        return self._server.connections()

    def end_connections(self) -> None:
        self._server.end_connections()

    @property
    def _server(self) -> Database:
        assert self.server is not None, "this set-up gives no access to its database"
        return self.server


@contextmanager
def embedded(folder: Path) -> Iterator[Setup]:
    """SQLite and the broker in a folder."""
    yield Setup(name="SQLite, embedded broker", server=Sqlite(folder / "runtask.sqlite3"))


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Setup]:
    """SQLite as docs/deploy.md wants it, and Redis."""
    file = f"sqlite:///{folder}/platform.sqlite3?transaction_mode=IMMEDIATE&timeout=20"
    with _redis() as (url, broker):
        yield Setup(name="SQLite, Redis", environment={"DATABASE_URL": file, "CELERY_BROKER_URL": url}, broker=broker)


@contextmanager
def on_redis(_folder: Path) -> Iterator[Setup]:
    """PostgreSQL and Redis."""
    with _postgres() as (server, database), _redis() as (url, broker), _may_push() as (user, refuses):
        through = url.replace("://", f"://{user}@")
        yield replace(_served("PostgreSQL, Redis", server, database, through, broker), broker_refuses=refuses)


@contextmanager
def on_rabbitmq(_folder: Path) -> Iterator[Setup]:
    """PostgreSQL and RabbitMQ."""
    with _postgres() as (server, database), _rabbitmq() as (url, broker):
        refuses = partial(_full, urlsplit(url).path[1:])
        yield replace(_served("PostgreSQL, RabbitMQ", server, database, url, broker), broker_refuses=refuses)


@contextmanager
def on_mariadb(_folder: Path) -> Iterator[Setup]:
    """MariaDB and Redis."""
    with _mariadb() as (server, database), _redis() as (url, broker):
        yield _served("MariaDB, Redis", server, database, url, broker)


@contextmanager
def with_results_in_redis(folder: Path) -> Iterator[Setup]:
    """SQLite, the embedded broker, and results in Redis."""
    with embedded(folder) as setup, results_in_redis() as (direct, through, proxy):
        environment = {"CELERY_RESULT_BACKEND": through}
        yield replace(
            setup, name="SQLite, results in Redis", environment=environment, results=direct, results_proxy=proxy
        )


def _served(name: str, server: Postgres | MariaDB, database: Proxy, broker_url: str, broker: Proxy) -> Setup:
    through = {"DATABASE_URL": _through(server.url, database), "CELERY_BROKER_URL": broker_url}
    return Setup(name=name, environment=through, database=database, broker=broker, server=server)


SETUPS = {
    "embedded": embedded,
    "redis": on_redis,
    "rabbitmq": on_rabbitmq,
    "mariadb": on_mariadb,
    "results": with_results_in_redis,
}


@contextmanager
def _postgres() -> Iterator[tuple[Postgres, Proxy]]:
    """A database for this set-up, dropped at the end."""
    name = f"runtask_faults_{uuid4().hex[:8]}"
    try:
        with psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3) as server:
            server.execute(f"CREATE DATABASE {name}".encode())
    except psycopg.OperationalError as exc:
        raise Missing(f"PostgreSQL at {_place(POSTGRES)}: {exc}") from exc
    parts = urlsplit(POSTGRES)
    try:
        with Proxy(str(parts.hostname), parts.port or 5432) as proxy:
            yield Postgres(urlunsplit(parts._replace(path=f"/{name}"))), proxy
    finally:
        Postgres(POSTGRES).rows(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _mariadb() -> Iterator[tuple[MariaDB, Proxy]]:
    """A database for this set-up, dropped at the end."""
    name = f"runtask_faults_{uuid4().hex[:8]}"
    server = MariaDB(MARIADB)
    server.rows(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    parts = urlsplit(MARIADB)
    try:
        with Proxy(str(parts.hostname), parts.port or 3306) as proxy:
            yield MariaDB(urlunsplit(parts._replace(path=f"/{name}"))), proxy
    finally:
        server.rows(f"DROP DATABASE {name}")


@contextmanager
def _redis() -> Iterator[tuple[str, Proxy]]:
    """An empty database of the server, emptied again at the end.

    A key that only one process can set reserves it: other tests may look for a database at the same moment.
    """
    try:
        number = next(number for number in REDIS_DATABASES if _claims(number))
    except redis.ConnectionError as exc:
        raise Missing(f"Redis at {_place(REDIS)}: {exc}") from exc
    except StopIteration:
        raise Missing(f"an empty database of Redis at {_place(REDIS)}") from None
    parts = urlsplit(REDIS)
    try:
        with Proxy(str(parts.hostname), parts.port or 6379) as proxy:
            yield _through(f"{REDIS}/{number}", proxy), proxy
    finally:
        with redis.Redis.from_url(f"{REDIS}/{number}") as client:
            client.flushdb()


@contextmanager
def _may_push() -> Iterator[tuple[str, Refuses]]:
    """A user of Redis as `name:password`, and a context manager that takes their right to push."""
    name = f"runtask_faults_{uuid4().hex[:8]}"
    with redis.Redis.from_url(REDIS) as client:
        client.execute_command("ACL", "SETUSER", name, "on", ">faults", "~*", "&*", "+@all")

        @contextmanager
        def refuses() -> Iterator[None]:
            client.execute_command("ACL", "SETUSER", name, "-lpush")
            yield
            client.execute_command("ACL", "SETUSER", name, "+lpush")

        try:
            yield f"{name}:faults", refuses
        finally:
            client.execute_command("ACL", "DELUSER", name)


@contextmanager
def _full(vhost: str) -> Iterator[None]:
    """During the block, RabbitMQ's queues in this virtual host are full, and refuse messages (nack)."""
    policy = json.dumps({"max-length": 0, "overflow": "reject-publish"})
    rabbitmqctl("set_policy", "-p", vhost, "--apply-to", "queues", "full", ".*", policy)
    yield
    rabbitmqctl("clear_policy", "-p", vhost, "full")


def _claims(number: int) -> bool:
    with redis.Redis.from_url(f"{REDIS}/{number}") as client:
        return client.dbsize() == 0 and bool(client.set(CLAIM, "in use", nx=True))


Store = tuple[str, str, Proxy]  # the address of the results, their address through the proxy, and the proxy


@contextmanager
def results_in_redis() -> Iterator[Store]:
    with _redis() as (url, proxy):
        yield f"{REDIS}{urlsplit(url).path}", url, proxy


@contextmanager
def results_in_postgres() -> Iterator[Store]:
    """Celery's SQLAlchemy backend keeps the results."""
    with _postgres() as (server, proxy):
        yield _by_sqlalchemy(server.url, "psycopg"), _by_sqlalchemy(_through(server.url, proxy), "psycopg"), proxy


@contextmanager
def results_in_mariadb() -> Iterator[Store]:
    """Celery's SQLAlchemy backend keeps the results."""
    with _mariadb() as (server, proxy):
        yield _by_sqlalchemy(server.url, "mysqldb"), _by_sqlalchemy(_through(server.url, proxy), "mysqldb"), proxy


def _by_sqlalchemy(url: str, driver: str) -> str:
    return f"db+{url.replace('://', f'+{driver}://', 1)}"


@contextmanager
def _rabbitmq() -> Iterator[tuple[str, Proxy]]:
    """A virtual host for this set-up, deleted at the end."""
    vhost = f"runtask_faults_{uuid4().hex[:8]}"
    parts = urlsplit(RABBITMQ)
    rabbitmqctl("add_vhost", vhost)
    try:
        rabbitmqctl("set_permissions", "-p", vhost, parts.username or "guest", ".*", ".*", ".*")
        with Proxy(str(parts.hostname), parts.port or 5672) as proxy:
            yield _through(f"{RABBITMQ}/{vhost}", proxy), proxy
    finally:
        rabbitmqctl("delete_vhost", vhost)


def rabbitmqctl(*arguments: str) -> None:
    try:
        subprocess.run(["rabbitmqctl", "--quiet", *arguments], check=True, capture_output=True, timeout=60)
    except (FileNotFoundError, subprocess.CalledProcessError) as exc:
        raise Missing(f"rabbitmqctl {arguments[0]}: {exc}") from exc


def _through(url: str, proxy: Proxy) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{HOST}:{proxy.port}" if user else f"{HOST}:{proxy.port}"))


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"
