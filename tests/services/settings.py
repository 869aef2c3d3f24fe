"""The stand-alone project's settings, with a cache that processes share. TEST_RESULT_EXPIRES says how long results are kept."""

from bot import env
from bot.settings import *  # noqa: F403

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": f"{env.environ()['RUNTASK_DATA']}/cache",
    }
}
CELERY_RESULT_EXPIRES = int(env.environ().get("TEST_RESULT_EXPIRES", "86400"))
