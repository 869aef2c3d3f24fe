"""`manage.py check` explains problems of a wrongly set up project, instead of a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.platform import clean_environment

pytestmark = pytest.mark.e2e

SETTINGS = """
SECRET_KEY = "only-for-tests"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages",
    "django.contrib.sessions", {apps}, "bot",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {{"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]}},
}}]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
ROOT_URLCONF = "shop"
RUNTASK = {runtask!r}
from django.urls import include, path
def __getattr__(name):
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.contrib import admin
    return [path("admin/", admin.site.urls), path("runtask/", include("bot.urls"))]
"""
BOTH = "'django_celery_beat', 'django_celery_results'"


@pytest.mark.parametrize(
    ("apps", "runtask", "expected"),
    [
        pytest.param("'django_celery_results'", {}, "runtask.W006", id="no beat"),
        pytest.param(BOTH, "nonsense", "RUNTASK must be a dict", id="no dict", marks=pytest.mark.nightly),
        pytest.param(BOTH, {"COLOUR": "blue"}, "RUNTASK['COLOUR'] is not an option", id="unknown key"),
        pytest.param(BOTH, {"CELERY_APP": "no.such:app"}, "runtask.W003", id="no such app", marks=pytest.mark.nightly),
        pytest.param(BOTH, {}, "the project has no current Celery app", id="no app", marks=pytest.mark.nightly),
    ],
)
def test_a_wrong_set_up_is_explained_without_a_traceback(
    tmp_path: Path, apps: str, runtask: object, expected: str
) -> None:
    (tmp_path / "shop.py").write_text(SETTINGS.format(apps=apps, runtask=runtask))
    command = [sys.executable, "-m", "bot", "check"]
    environment = {**clean_environment(), "DJANGO_SETTINGS_MODULE": "shop", "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert expected in done.stderr
    assert done.returncode == 0
