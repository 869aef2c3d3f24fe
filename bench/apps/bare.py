"""Settings of a site that consists of the bare Bolt apps: no middleware, a path for each."""

from bot.settings import *  # noqa: F403

MIDDLEWARE = []
ROOT_URLCONF = "bench.apps.bare_urls"
