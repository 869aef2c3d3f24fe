"""Reads go to a replica. Here it is never updated: it has the rows from before the first run."""

from tests.projects.common import *  # noqa: F403
from tests.projects.common import sqlite

DATABASES = {"default": sqlite("default"), "replica": sqlite("replica")}
DATABASE_ROUTERS = ["tests.projects.routers.Replica"]
