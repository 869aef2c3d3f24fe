"""The default database has only schedules and results. Users and the bot's tables are in another one."""

from tests.projects.common import *  # noqa: F403
from tests.projects.common import sqlite

DATABASES = {name: {**sqlite(name), "ATOMIC_REQUESTS": True} for name in ("default", "people")}
DATABASE_ROUTERS = ["tests.projects.routers.PeopleApart"]
