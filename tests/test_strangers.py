"""Projects of strangers start with runtask in them, whatever they import of their apps and whichever apps they have."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.platform import clean_environment

pytestmark = pytest.mark.e2e

SETTINGS = """
SECRET_KEY = "only-for-tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_celery_beat", "people", *{apps}]
AUTH_USER_MODEL = "people.Person"
ROOT_URLCONF = "shop_urls"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("runtask/", include("bot.urls"))]
"""
PERSON = """
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    USERNAME_FIELD = "email"
"""
NOSY = """
import importlib, json
from celery import _state
from django.apps import AppConfig, apps
class People(AppConfig):
    name = "people"
    def ready(self):
        if {is_nosy}:
            for name in ("settings", "urls", "celery", "tasks", "signals", "wsgi", "permissions", "queues"):
                for app in apps.get_app_configs():
                    try:
                        importlib.import_module(f"{{app.name}}.{{name}}")
                    except ModuleNotFoundError as exc:
                        if exc.name != f"{{app.name}}.{{name}}":
                            raise
            found = (_state.default_app, _state._tls.current_app)
            print(json.dumps([app and app.main for app in found]))
"""


def checked(folder: Path, *apps: str, package: str = "", is_nosy: bool = False) -> str:
    """What `django check` prints on standard output in a new project. `package` is the code of `people/__init__.py`."""
    (folder / "people").mkdir()
    files = {
        "shop.py": SETTINGS.format(apps=apps),
        "shop_urls.py": URLS,
        "people/__init__.py": package,
        "people/models.py": PERSON,
        "people/apps.py": NOSY.format(is_nosy=is_nosy),
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-B", "-m", "django", "check"],
        cwd=folder,
        env={**clean_environment(DJANGO_SETTINGS_MODULE="shop"), "PYTHONPATH": f"{folder}:{Path.cwd()}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} == set(files)
    assert {file.name for file in folder.iterdir() if file.is_dir()} == {"people"}
    return done.stdout


@pytest.mark.parametrize(
    ("package", "apps"),
    [("", [None, None]), ('from celery import Celery\napp = Celery("shop")\n', ["shop", "shop"])],
    ids=["without an app of Celery", "with its own"],
)
def test_importing_modules_of_every_app_has_no_side_effect(tmp_path: Path, package: str, apps: list[str]) -> None:
    """Mayan EDMS imports `settings` and other modules of each installed app while Django starts."""
    told = checked(tmp_path, "bot", "django.contrib.auth", package=package, is_nosy=True)
    assert json.loads(told.splitlines()[0]) == apps


def test_a_project_without_djangos_auth_app_can_include_our_urls(tmp_path: Path) -> None:
    """Saleor has its own users, groups and permissions."""
    checked(tmp_path, "bot")


def test_our_urls_may_be_included_before_our_app_is_installed(tmp_path: Path) -> None:
    checked(tmp_path)
