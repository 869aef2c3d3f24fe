"""The site in one zone, Celery in another, and everything in German."""

from tests.projects.common import *  # noqa: F403

TIME_ZONE = "Asia/Kolkata"
CELERY_TIMEZONE = "America/Los_Angeles"
LANGUAGE_CODE = "de"
