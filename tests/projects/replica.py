"""Reads go to a replica, which here lags behind for ever: it holds what there was before the first run."""

from tests.projects.common import *  # noqa: F403
from tests.projects.common import sqlite

DATABASES = {"default": sqlite("default"), "replica": sqlite("replica")}
DATABASE_ROUTERS = ["tests.projects.routers.Replica"]
