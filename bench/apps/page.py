"""Settings of the site that the page of `bench.apps.page_urls` is part of: our own middleware, nothing of the bot's."""

from bot.settings import *  # noqa: F403

ROOT_URLCONF = "bench.apps.page_urls"
