"""Collects facts about the machine and its software, because figures depend on them."""

import os
import platform
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

import psycopg
import redis
from kombu import Connection

from bench.setups import POSTGRES, Setup

PACKAGES = (
    "Django",
    "celery",
    "kombu",
    "django-celery-beat",
    "django-celery-results",
    "slack-bolt",
    "slack-sdk",
    "gunicorn",
    "psycopg",
)


def facts(setup: Setup) -> dict[str, str]:
    found = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "load at start": f"{os.getloadavg()[0]:.1f}",
        "commit": _commit(),
    }
    if setup.postgres:
        with psycopg.connect(f"{POSTGRES}/postgres") as connection:
            row = connection.execute("SHOW server_version").fetchone()
            found["PostgreSQL"] = str(row[0]) if row else ""
    else:
        found["SQLite"] = sqlite3.sqlite_version
    return found | _broker(setup.broker) | {name: version(name) for name in PACKAGES}


def _broker(url: str) -> dict[str, str]:
    if url.startswith("redis"):
        return {"Redis": redis.Redis.from_url(url).info("server")["redis_version"]}
    if url.startswith("amqp"):
        with Connection(url) as connection:
            return {"RabbitMQ": connection.connection.server_properties["version"]}
    return {}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
