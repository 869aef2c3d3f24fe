"""Datetimes have no zone. They are in the time of New York."""

from tests.projects.common import *  # noqa: F403

USE_TZ = False
TIME_ZONE = "America/New_York"
CELERY_TIMEZONE = TIME_ZONE
