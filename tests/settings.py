"""The stand-alone project, set up for tests: its own folder, a broker in memory, and tokens that give no access.

`TEST_DATABASE_URL` names another database server (`make test-databases`). The tests make a database of their own there.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

DATA = Path(tempfile.mkdtemp(prefix="runtask-tests-"))
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
os.environ.update(
    {
        "RUNTASK_DATA": str(DATA),
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
        "CELERY_BROKER_URL": "memory://",
        "DJANGO_SECRET_KEY": "only-for-tests",
        "SLACK_BOT_TOKEN": "xoxb-local",
        "SLACK_APP_TOKEN": "xapp-local",
        "SLACK_SIGNING_SECRET": "local-signing-secret",
        "RUNTASK_BASE_URL": "http://127.0.0.1:8000",
        "RUNTASK_IMPORTS": "tests.wire.tasks",
    }
)
for name in ("RUNTASK_SIDECAR", "DJANGO_DEBUG"):
    os.environ.pop(name, None)

from bot.settings import *  # noqa: E402, F403

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # Listeners and deliverers run in threads of their own: they need a database in a file.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA / "test.sqlite3")}  # noqa: F405
else:
    DATABASES["default"]["TEST"] = {"NAME": DATA.name.replace("-", "_")}  # noqa: F405
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405  # a test's threads then close their connections before they end
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# By default, workers look at the broker in memory once a second, and every test with a worker waits for that.
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.02}
# WhiteNoise looks for a file only when it is requested. Otherwise each test's first request would read all files of the admin.
WHITENOISE_AUTOREFRESH = True
