"""Access to the API: tokens, sessions, methods, addresses."""

from collections.abc import Callable
from typing import Any

import django
import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core import mail
from django.db import OperationalError

from bot.core.ports import NotSetUp
from tests.support.admins import ADMINS
from tests.web.api.conftest import Api, refused

pytestmark = pytest.mark.django_db


def test_a_token_that_is_not_known_is_401_even_with_a_session(api: Api, ana: User) -> None:
    api.client.force_login(ana)
    api.token = "rt_forged"
    answer = api.get("/api/runs/1")
    refused(answer, 401, "bad_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="runtask", error="invalid_token"'


def test_a_call_without_token_and_session_is_401(api: Api) -> None:
    api.token = ""
    for answer in (api.post({"schedule": 7}), api.get("/api/schedules"), api.get("/api/runs/1")):
        refused(answer, 401, "no_token")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="runtask"'


@pytest.mark.parametrize(("change", "reason"), [("is_staff", "isn't a staff account"), ("is_active", "deactivated")])
def test_a_token_has_the_rights_that_its_user_has_now(api: Api, ana: User, change: str, reason: str) -> None:
    User.objects.filter(pk=ana.pk).update(**{change: False})
    for answer in (api.post({"schedule": 7}), api.get("/api/schedules"), api.get("/api/runs/1")):
        refused(answer, 403, "not_allowed")
        assert reason in answer.json()["message"]
    assert not api.sender.sent


@pytest.mark.parametrize("in_sessions", [False, True])
def test_a_session_needs_its_csrf_token(api: Api, ana: User, settings: Any, in_sessions: bool) -> None:
    settings.CSRF_USE_SESSIONS = in_sessions
    secret = "a" * 32
    api.token = ""
    api.client.force_login(ana)
    if in_sessions:
        session = api.client.session
        session["_csrftoken"] = secret
        session.save()
    else:
        api.client.cookies["csrftoken"] = secret
    for headers in ({}, {"X_CSRFToken": "b" * 32}):
        refused(api.post({"schedule": 7}, **headers), 403, "csrf")
    assert not api.sender.sent
    assert api.get("/api/schedules").status_code == 200
    assert api.post({"schedule": 7}, X_CSRFToken=secret).status_code == 201


def test_a_session_from_another_origin_is_refused(api: Api, ana: User) -> None:
    api.token = ""
    api.client.force_login(ana)
    api.client.cookies["csrftoken"] = "a" * 32
    refused(api.post({"schedule": 7}, X_CSRFToken="a" * 32, Origin="https://evil.example"), 403, "csrf")


def test_a_session_without_access_to_the_admin_is_refused_but_a_token_works(
    api: Api, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AdminSite, "has_permission", lambda *_: False)
    assert api.get("/api/schedules").status_code == 200
    api.token = ""
    api.client.force_login(ana)
    refused(api.get("/api/schedules"), 403, "not_allowed")


def database_fails(_: Any) -> None:
    raise OperationalError("gone away")


def is_not_set_up(_: Any) -> None:
    raise NotSetUp("no Celery app")


@pytest.mark.parametrize("platform", [database_fails, is_not_set_up])
def test_no_report_of_an_error_has_the_token(
    api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch, platform: Callable[[Any], None]
) -> None:
    """Django sends error reports by e-mail. Before Django 5.1, they show the header `Authorization`."""
    settings.ADMINS = ADMINS
    monkeypatch.setattr(Api, "platform", property(platform))
    assert api.get("/api/schedules").status_code == 503
    [report] = mail.outbox
    assert "/api/schedules" in report.body
    assert api.token not in report.body


def test_with_another_scheme_of_authorization_the_session_counts(api: Api, ana: User) -> None:
    api.token = ""
    api.client.force_login(ana)
    assert api.get("/api/schedules", Authorization="Basic cHJveHk6").status_code == 200


def test_a_project_without_sessions_takes_tokens(api: Api, settings: Any) -> None:
    settings.MIDDLEWARE = []
    assert api.post({"schedule": 7}).status_code == 201
    api.token = ""
    refused(api.post({"schedule": 7}), 401, "no_token")


@pytest.mark.skipif(django.VERSION < (5, 1), reason="Django 5.1 brought LoginRequiredMiddleware")
def test_a_site_that_wants_a_login_everywhere_takes_tokens(api: Api, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert api.post({"schedule": 7}).status_code == 201
    assert api.get("/api/nothing").status_code == 404
    api.token = ""
    refused(api.post({"schedule": 7}), 401, "no_token")


@pytest.mark.parametrize(
    ("method", "address", "allow"),
    [
        ("GET", "/api/runs", "POST"),
        ("PUT", "/api/runs", "POST"),
        ("OPTIONS", "/api/runs", "POST"),
        ("DELETE", "/api/runs/1", "GET, HEAD"),
        ("POST", "/api/schedules", "GET, HEAD"),
        ("POST", "/api/schedules/7", "GET, HEAD"),
    ],
)
def test_other_methods_are_405(api: Api, method: str, address: str, allow: str) -> None:
    answer = api.client.generic(method, address)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allow


def test_unknown_addresses_are_404_in_json(api: Api) -> None:
    for address in ("/api/", "/api/runs/x", "/api/run", "/api/runs/" + "9" * 30, "/api/schedules/8"):
        assert api.get(address).json()["error"] == "not_found", address
