"""The site has one time zone and Celery another, and the language is German."""

from tests.projects.common import *  # noqa: F403

TIME_ZONE = "Asia/Kolkata"
CELERY_TIMEZONE = "America/Los_Angeles"
LANGUAGE_CODE = "de"
