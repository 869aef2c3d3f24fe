"""Settings of a site that has nothing but the bare Bolt apps: no middleware, one path each."""

from bot.settings import *  # noqa: F403

MIDDLEWARE = []
ROOT_URLCONF = "bench.apps.bare_urls"
