"""The set-ups to measure, and the environment of their processes."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import redis

from bot import env

ROOT = Path(__file__).parents[1]
WORK = ROOT / "var" / "bench"  # databases, queues, logs
REPORTS = ROOT / "build" / "bench"  # results, tables, plots
SECRET = "only-for-the-benchmark"  # noqa: S105  # signs requests, and is Ana's password
TEAM, APP, CHANNEL = "T0BENCH", "A0BENCH", "C0BENCH"
INSTALLATION = f"{TEAM}/{APP}"
VHOST = "runtask_bench"
POSTGRES = "postgres://postgres@127.0.0.1:5432"
REDIS = "redis://127.0.0.1:6379/11"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A database and a broker. By default, SQLite and the embedded broker."""

    name: str
    title: str
    postgres: str = ""
    broker: str = ""
    is_big: bool = False  # it has `many_schedules` from the start, and experiments of its own

    def environment(self, name: str, api_url: str, size: str = "big") -> dict[str, str]:
        """The environment for a process of the contestant `name`. The stub tells contestants apart by their tokens."""
        ours = {
            "RUNTASK_DATA": str(self.folder(size)),
            "RUNTASK_IMPORTS": "bench.tasks",
            "RUNTASK_PROFILE_TTL": "900000000",
            "RUNTASK_DEADLINE": "900000000",
            "RUNTASK_KEEP": "900000000",
            "DJANGO_SECRET_KEY": SECRET,
            "SLACK_API_URL": api_url,
            "SLACK_BOT_TOKEN": f"xoxb-{name}",
            "SLACK_APP_TOKEN": f"xapp-{name}",
            "SLACK_SIGNING_SECRET": SECRET,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",  # as docs/deploy.md says, for all contestants
        }
        if self.postgres:
            ours["DATABASE_URL"] = f"{self.postgres}/{self.database(size)}"
        if self.broker:
            ours["CELERY_BROKER_URL"] = self.broker
        return {**inherited(), **ours}

    def folder(self, size: str) -> Path:
        return WORK / self.name / size

    def database(self, size: str) -> str:
        """The name of a PostgreSQL database. Set-ups on PostgreSQL take turns with the same database."""
        return f"runtask_bench_{size}"


def inherited() -> Mapping[str, str]:
    foreign = ("RUNTASK_", "SLACK_", "DJANGO_", "CELERY_", "DATABASE_URL", "PYTHON")
    return {name: value for name, value in env.environ().items() if not name.startswith(foreign)}


SETUPS = {
    setup.name: setup
    for setup in (
        Setup(name="embedded", title="Embedded default: SQLite and the embedded broker"),
        Setup(name="redis", title="PostgreSQL and Redis", postgres=POSTGRES, broker=REDIS),
        Setup(
            name="rabbitmq",
            title="PostgreSQL and RabbitMQ",
            postgres=POSTGRES,
            broker=f"amqp://guest:guest@127.0.0.1:5672/{VHOST}",
        ),
        Setup(name="scale", title="A big installation", postgres=POSTGRES, broker=REDIS, is_big=True),
    )
}


def empty_broker(setup: Setup) -> None:
    """Delete all messages. Raises CalledProcessError if rabbitmqctl fails (it needs root), RedisError if there is no Redis."""
    if setup.broker.startswith("redis"):
        redis.Redis.from_url(setup.broker).flushdb()
    elif setup.broker.startswith("amqp"):
        rabbitmqctl("delete_vhost", VHOST, check=False)
        rabbitmqctl("add_vhost", VHOST)
        rabbitmqctl("set_permissions", "-p", VHOST, "guest", ".*", ".*", ".*")


def rabbitmqctl(*arguments: str, check: bool = True) -> None:
    subprocess.run(["rabbitmqctl", "--quiet", *arguments], check=check, capture_output=True, timeout=60)
