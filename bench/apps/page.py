"""Settings of the site with the page of `bench.apps.page_urls`: runtask's own middleware, and nothing else of it."""

from bot.settings import *  # noqa: F403

ROOT_URLCONF = "bench.apps.page_urls"
