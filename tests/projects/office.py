"""The project has its own admin site, in which the bot, schedules and results are not registered."""

from tests.projects.common import *  # noqa: F403

ROOT_URLCONF = "tests.projects.urls_office"
