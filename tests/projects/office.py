"""An admin site of its own instead of Django's, with nothing of the bot, of schedules or of results in it."""

from tests.projects.common import *  # noqa: F403

ROOT_URLCONF = "tests.projects.urls_office"
