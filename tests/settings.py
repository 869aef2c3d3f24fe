"""The stand-alone project, set up for tests: its own folder, a broker in memory, tokens that open nothing."""

import os
import tempfile
from pathlib import Path

DATA = Path(tempfile.mkdtemp(prefix="runtask-tests-"))
os.environ.update(
    {
        "RUNTASK_DATA": str(DATA),
        "CELERY_BROKER_URL": "memory://",
        "DJANGO_SECRET_KEY": "only-for-tests",
        "SLACK_BOT_TOKEN": "xoxb-local",
        "SLACK_APP_TOKEN": "xapp-local",
        "SLACK_SIGNING_SECRET": "local-signing-secret",
        "RUNTASK_BASE_URL": "http://127.0.0.1:8000",
        "RUNTASK_IMPORTS": "tests.wire.tasks",
    }
)
for name in ("DATABASE_URL", "RUNTASK_SIDECAR", "DJANGO_DEBUG"):
    os.environ.pop(name, None)

from bot.settings import *  # noqa: E402, F403

# Listeners and deliverers run in threads of their own: they need a database in a file.
DATABASES["default"]["TEST"] = {"NAME": str(DATA / "test.sqlite3")}  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
