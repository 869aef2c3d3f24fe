"""Settings of the stand-alone project with a cache that its processes share, and results that live as long as a test says."""

from bot import env
from bot.settings import *  # noqa: F403

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": f"{env.environ()['RUNTASK_DATA']}/cache",
    }
}
CELERY_RESULT_EXPIRES = int(env.environ().get("TEST_RESULT_EXPIRES", "86400"))
