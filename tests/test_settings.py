"""The settings of the stand-alone project."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.platform import clean_environment


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "is_ready"), [("https://runs.example.com", True), ("http://runs.example.com", False)]
)
def test_with_an_https_address_the_site_is_ready_for_production(address: str, *, is_ready: bool) -> None:
    """Django's own check of a deployment passes with only the variables that docs/standalone.md names."""
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="bot.settings",
        DJANGO_SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN",
        RUNTASK_BASE_URL=address,
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_SIGNING_SECRET="0123456789abcdef",
    )
    command = [sys.executable, "-m", "bot", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode == 0) is is_ready, done.stderr
    assert ("security.W" in done.stderr) is not is_ready


OPENED = """
import json, os
from pathlib import Path
os.umask(0o022)
import django
django.setup()
from django.conf import settings
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE t (c)")
    file = Path(settings.DATABASES["default"]["NAME"])
    modes = {path.name: f"{path.stat().st_mode & 0o777:o}" for path in (file.parent, *file.parent.glob("*.sqlite3*"))}
print(json.dumps({"modes": modes, "keys": [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]}))
"""
HEADER = """
import django
django.setup()
from django.test import Client
print(Client().get("/healthz", secure=True, headers={"host": "runs.example.com"}).headers["Strict-Transport-Security"])
"""


def test_https_is_demanded_for_this_host_only() -> None:
    """Subdomains of this host may be other sites without TLS."""
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="bot.settings", DJANGO_SECRET_KEY="x" * 50, RUNTASK_BASE_URL="https://runs.example.com"
    )
    done = subprocess.run(
        [sys.executable, "-c", HEADER], env=environment, capture_output=True, text=True, check=True, timeout=50
    )
    assert done.stdout.strip() == "max-age=31536000"


SQLITE = ("runtask.sqlite3", "runtask.sqlite3-wal", "runtask.sqlite3-shm")


def opened(**environment: str) -> Any:
    """Returns the secret keys, and the modes of the data folder and of SQLite's files while a process uses them."""
    given = clean_environment(DJANGO_SETTINGS_MODULE="bot.settings", **environment)
    done = subprocess.run(
        [sys.executable, "-c", OPENED], env=given, capture_output=True, text=True, check=True, timeout=50
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_data_is_private_and_former_secret_keys_are_accepted(tmp_path: Path) -> None:
    found = opened(
        RUNTASK_DATA=str(tmp_path / "new"),
        DJANGO_SECRET_KEY="of-today",
        DJANGO_SECRET_KEY_FALLBACKS="of,yesterday\nof-the-day-before",
    )
    assert found["modes"] == {"new": "700", **dict.fromkeys(SQLITE, "600")}
    assert found["keys"] == ["of-today", "of,yesterday", "of-the-day-before"]


@pytest.mark.slow
def test_an_existing_folder_stays_as_it_is_but_its_new_files_are_private(tmp_path: Path) -> None:
    (folder := tmp_path / "there").mkdir(mode=0o755)
    found = opened(DATABASE_URL=f"sqlite:///{folder / 'runtask.sqlite3'}")
    assert found["modes"] == {"there": "755", **dict.fromkeys(SQLITE, "600")}


WITHOUT_EXTRA = """
import sys
sys.modules["dj_database_url"] = None
sys.argv = ["runtask", "slack"]
from bot.__main__ import main
main()
"""


def test_without_the_extra_the_stand_alone_project_says_what_to_install() -> None:
    environment = clean_environment(SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1")
    command = [sys.executable, "-c", WITHOUT_EXTRA]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("The stand-alone project needs dj_database_url. Install the extra: pip install")
    assert "Traceback" not in done.stderr
