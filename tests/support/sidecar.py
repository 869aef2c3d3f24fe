"""A platform with its own settings, and a sidecar beside it. The two installations share only a real database."""

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from tests.e2e.platform import clean_environment

SETTINGS = """
import dj_database_url
SECRET_KEY = "the platform's"
INSTALLED_APPS = {apps!r}
AUTH_USER_MODEL = {user!r}
DATABASES = {{"default": dj_database_url.parse({database!r})}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = {zone!r} == "UTC"
TIME_ZONE = {zone!r}
SILENCED_SYSTEM_CHECKS = ["admin.E403", "admin.E406", "admin.E408", "admin.E409", "admin.E410"]  # only its tables matter
"""
APPS = (
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django_celery_beat",
    "django_celery_results",
)
Snapshot = dict[str, list[Any]]


class Platform:
    """A platform with its project in `folder` and its database at a URL. If `zone` isn't UTC, `USE_TZ` is False."""

    def __init__(
        self,
        folder: Path,
        database: str,
        *,
        apps: tuple[str, ...] = APPS,
        user: str = "auth.User",
        models: str = "",
        zone: str = "UTC",
    ) -> None:
        self.folder, self.database = folder, database
        (folder / "shop.py").write_text(SETTINGS.format(apps=[*apps], user=user, database=database, zone=zone))
        if models:
            (folder / "people").mkdir()
            (folder / "people" / "__init__.py").touch()
            (folder / "people" / "models.py").write_text(models)

    def manage(self, *arguments: str) -> str:
        """Runs a command of the platform's Django. Raises AssertionError if it fails."""
        done = self._run("-m", "django", *arguments, DJANGO_SETTINGS_MODULE="shop")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sidecar(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `runtask` as a sidecar in the platform's database."""
        return self._run("-m", "bot", *arguments, DATABASE_URL=self.database, RUNTASK_SIDECAR="1", **environment)

    def apart(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `runtask` as a sidecar with a database of its own."""
        ours = {"PLATFORM_DATABASE_URL": self.database, "RUNTASK_SIDECAR": "1", "RUNTASK_DATA": str(self.folder)}
        return self._run("-m", "bot", *arguments, **{**ours, **environment})

    def query(self, sql: str) -> list[Any]:
        """Queries the database without Django's models."""
        if self.database.startswith("sqlite"):
            with sqlite3.connect(self.database.removeprefix("sqlite:///")) as connection:
                return connection.execute(sql).fetchall()
        with psycopg.connect(self.database) as connection:
            return connection.execute(sql.encode()).fetchall()

    def _run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def _environment(self, ours: Mapping[str, str]) -> Mapping[str, str]:
        found = clean_environment(**ours)
        return {**found, "PYTHONPATH": f"{self.folder}:{found['PYTHONPATH']}"}
