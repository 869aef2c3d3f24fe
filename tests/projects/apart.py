"""Schedules and results have a database of their own, and every request is in a transaction on both databases."""

from tests.projects.common import *  # noqa: F403
from tests.projects.common import sqlite

DATABASES = {name: {**sqlite(name), "ATOMIC_REQUESTS": True} for name in ("default", "celery")}
DATABASE_ROUTERS = ["tests.projects.routers.CeleryApart"]
