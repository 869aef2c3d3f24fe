"""The same story in projects with an unusual set-up: naive datetimes, routers, their own user models, …"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.platform import clean_environment

pytestmark = pytest.mark.e2e
IMPROPER = "from django.core.exceptions import ImproperlyConfigured"
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-local", "SLACK_APP_TOKEN": "xapp-local"}


def at_night(project: str) -> Any:
    return pytest.param(project, marks=pytest.mark.nightly)


@pytest.mark.parametrize(
    "project", ["naive", "office", *map(at_night, ("zones", "apart", "elsewhere", "replica", "visitors"))]
)
def test_runtask_works_in_this_project(project: str, tmp_path: Path) -> None:
    named = {"DJANGO_SETTINGS_MODULE": f"tests.projects.{project}", "PROJECT_FOLDER": str(tmp_path)}
    # Django warns of naive datetimes by a RuntimeWarning.
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-m", "tests.projects"],
        env=clean_environment(**named, **TOKENS),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


LATER = """
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from celery import Celery, current_app
Celery("shop")
print(ThreadPoolExecutor().submit(lambda: current_app.main).result())
"""


def test_a_celery_app_that_is_loaded_later_is_the_default_of_every_thread(tmp_path: Path) -> None:
    """It would be so without the bot, too: Celery makes the first app of a Django project the default one."""
    done = subprocess.run(
        [sys.executable, "-c", LATER],
        env=clean_environment(DJANGO_SETTINGS_MODULE="bot.settings", RUNTASK_DATA=str(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "shop"


@pytest.mark.parametrize(
    ("module", "source", "words"),
    [
        ("no.such.settings", "", "No module named 'no'"),
        ("shop_settings", "import frobnicate\n", "No module named 'frobnicate'"),
        ("shop_settings", f"{IMPROPER}\nraise ImproperlyConfigured('Set SECRET_KEY')\n", "Set SECRET_KEY"),
    ],
    ids=["no such module", "imports no such module", "says itself what is wrong"],
)
def test_settings_that_cannot_be_loaded_are_explained_without_a_traceback(
    tmp_path: Path, module: str, source: str, words: str
) -> None:
    (tmp_path / "shop_settings.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "slack"],
        env=clean_environment(DJANGO_SETTINGS_MODULE=module),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
