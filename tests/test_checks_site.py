"""Checks of the Django project around the bot: its admin, its users, its databases."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.db import OperationalError
from django.urls import clear_url_caches

from tests.test_checks import _anew, only, ours  # noqa: F401  # a fixture


def test_another_package_called_bot_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bot").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert ours() == {}, "a folder isn't a package"
    (tmp_path / "bot/__init__.py").touch()
    assert str(tmp_path / "bot") in only("W018").msg


def test_an_installed_admin_without_a_url_is_reported(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.projects.urls_without_admin"
    clear_url_caches()
    message = only("W007")
    assert "tests.projects.urls_without_admin has no URL of it" in message.msg
    assert 'path("admin/", admin.site.urls)' in str(message.hint)
    settings.ROOT_URLCONF = "tests.test_checks"  # has no URLs of ours, as in a worker
    settings.RUNTASK |= {"SLACK_SIGNING_SECRET": " ", "BASE_URL": " "}
    clear_url_caches()
    assert ours() == {}


def test_a_project_without_an_admin_is_not_warned(settings: Any) -> None:
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "django.contrib.admin"]
    settings.ROOT_URLCONF = "tests.test_checks"
    settings.RUNTASK |= {"SLACK_SIGNING_SECRET": " ", "BASE_URL": " "}
    clear_url_caches()
    assert ours() == {}


class Plain(AbstractBaseUser):
    """A user model without is_staff and e-mail."""

    USERNAME_FIELD = "id"

    class Meta:
        app_label = "tests"
        abstract = True


def test_a_user_model_without_staff_is_reported(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.checks.site.get_user_model", lambda: Plain)
    monkeypatch.setattr("bot.checks.site.database_of", lambda _: "default")
    settings.RUNTASK |= {"LINK_BY_EMAIL": True}
    found = ours()
    assert set(found) == {"W008", "W009"}
    assert "boolean field (or a property) `is_staff`" in str(found["W008"].hint)
    assert "RUNTASK_LINK_BY_EMAIL to 0" in str(found["W009"].hint)


class Apart:
    """A router that puts our tables into another database."""

    def db_for_write(self, model: Any, **_: Any) -> str:
        return "bot" if model._meta.app_label == "runtask" else "default"


def test_users_in_another_database_are_reported(settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.test_checks_site.Apart"]
    message = only("W010")
    assert "'bot'" in message.msg
    assert "app label 'runtask'" in str(message.hint)


class Forbidding:
    """A router as django-tenants' is for an app that isn't in SHARED_APPS."""

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool | None:
        return False if app_label == "runtask" else None


class Asking:
    """A router that asks the database."""

    def allow_migrate(self, *_: Any, **__: Any) -> bool:
        raise OperationalError("the database is away")


def test_no_check_fails_because_a_router_does(settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.test_checks_site.Asking"]
    assert ours() == {}


def test_a_router_that_forbids_our_tables_is_reported(settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.test_checks_site.Forbidding"]
    message = only("W021")
    assert "'default'" in message.msg
    assert "'bot.apps.RunTaskConfig' to SHARED_APPS" in str(message.hint)
