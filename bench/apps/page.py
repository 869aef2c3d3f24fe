"""Settings of the site with the page of `bench.apps.page_urls`. Of runtask, it has the middleware only."""

from bot.settings import *  # noqa: F403

ROOT_URLCONF = "bench.apps.page_urls"
