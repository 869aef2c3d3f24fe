"""One process of a test run migrates a SQLite database. The others copy it."""

import fcntl
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """During the block, no other process has the lock of this file."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copied(folder: Path, migrate: Callable[[], object]) -> None:
    """Copies the shared database in `folder` for this process's tests. The first process makes and migrates it."""
    shared = folder / "migrated.sqlite3"
    with alone(folder / "migrated.lock"):
        if not shared.exists():
            migrate()
            connection.ensure_connection()
            with closing(sqlite3.connect(shared)) as copy:  # the file alone may lack the last writes
                connection.connection.backup(copy)
            return
    own = connection.settings_dict["TEST"]["NAME"]
    shutil.copyfile(shared, own)
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = own
