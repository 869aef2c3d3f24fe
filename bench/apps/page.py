"""Settings of the site with the page of `bench.apps.page_urls`. All other settings, such as the middleware, are runtask's."""

from bot.settings import *  # noqa: F403

ROOT_URLCONF = "bench.apps.page_urls"
