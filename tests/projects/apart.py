"""Schedules and results in a database of their own, and every request in a transaction on both."""

from tests.projects.common import *  # noqa: F403
from tests.projects.common import sqlite

DATABASES = {name: {**sqlite(name), "ATOMIC_REQUESTS": True} for name in ("default", "celery")}
DATABASE_ROUTERS = ["tests.projects.routers.CeleryApart"]
