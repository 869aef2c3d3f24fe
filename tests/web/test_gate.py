"""Access to the pages: who gets in, by which methods, and in which transaction."""

from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.urls import include, path, resolve

from bot import conf, wiring
from bot.core.ports import NotSetUp
from bot.models import Run
from bot.runs.door import Platform
from bot.web import views
from tests.factories import a_run
from tests.web.site import Site, fields, words

ADDRESSES = [
    ("get", "/"),
    ("get", "/?schedule=7"),
    ("post", "/"),
    ("post", "/check"),
    ("get", "/runs/1/"),
    ("get", "/runs/1/state"),
    ("get", "/approvals/"),
    ("post", "/runs/1/approve"),
    ("post", "/runs/1/decline"),
]
IDS = [f"{method} {address}" for method, address in ADDRESSES]


@pytest.mark.parametrize(("method", "address"), ADDRESSES, ids=IDS)
def test_strangers_are_redirected_to_the_log_in(site: Site, stranger: Client, method: str, address: str) -> None:
    answer = getattr(stranger, method)(address)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/?next=/")


@pytest.mark.parametrize(("method", "address"), ADDRESSES, ids=IDS)
@pytest.mark.parametrize("flags", [{"is_staff": False}, {"is_superuser": True}], ids=["colleague", "superuser"])
def test_only_staff_get_in_and_others_see_the_reason(
    site: Site, stranger: Client, flags: dict[str, bool], method: str, address: str
) -> None:
    a_run(pk=1)
    stranger.force_login(User.objects.create(username="ben", **flags))
    form = site.form()
    answer = getattr(stranger, method)(address, form if method == "post" else {})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "isn't a staff account. Ask an administrator of the site" in words(page)
    assert "nightly report" not in page
    assert not site.sender.sent
    back = "/?schedule=7" if method == "post" else address
    assert f'"/admin/login/?{urlencode({"next": back}, safe="/")}"' in page


def test_people_who_are_no_longer_staff_lose_access_at_once(site: Site) -> None:
    form = site.form()
    User.objects.update(is_staff=False)
    assert site.press_run(form).status_code == 403
    User.objects.update(is_staff=True, is_active=False)
    assert "You are logged out" in words(site.press_run(form).content.decode())  # Django itself logs them out
    assert not site.sender.sent


def test_without_the_admins_log_in_the_projects_own_is_used(site: Site, stranger: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = settings.ROOT_URLCONF[:1]
    settings.LOGIN_URL = "/come-in/"
    assert stranger.get("/").headers["Location"] == "/come-in/?next=/"


@pytest.mark.parametrize("address", ["/", "/check"])
def test_a_form_of_another_site_is_refused(site: Site, address: str) -> None:
    form = site.form()
    del form["csrfmiddlewaretoken"]
    assert site.browser.post(address, form).status_code == 403
    assert not Run.objects.exists()


@pytest.mark.parametrize("address", ["/", "/check"])
def test_a_form_of_another_site_is_refused_without_djangos_middleware_too(
    site: Site, settings: Any, address: str
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Csrf" not in name]
    form = site.form()
    del form["csrfmiddlewaretoken"]
    assert site.browser.post(address, form).status_code == 403


def test_an_expired_session_with_its_token_loses_nothing_that_was_typed(site: Site, settings: Any) -> None:
    settings.CSRF_USE_SESSIONS = True
    form = site.form()
    Session.objects.all().delete()
    answer = site.press_run(form, kwargs='{"days": 30}')
    assert answer.status_code == 403
    read = answer.content.decode()
    assert "You are logged out" in words(read)
    assert fields(read)["kwargs"] == '{"days": 30}'
    elsewhere = site.browser.post("/", {**form, "kwargs": "lies"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    assert "lies" not in elsewhere.content.decode()
    site.browser.force_login(site.user)
    assert site.press_run(form).status_code == 403, "the token of another session"
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("method", "address"),
    [("put", "/"), ("delete", "/"), ("get", "/check"), ("post", "/runs/1/"), ("post", "/runs/1/state")],
)
def test_other_methods_are_not_allowed(site: Site, method: str, address: str) -> None:
    token = {"X-CSRFToken": site.form()["csrfmiddlewaretoken"]}
    assert getattr(site.browser, method)(address, headers=token).status_code == 405


@pytest.mark.parametrize(("method", "address"), ADDRESSES, ids=IDS)
def test_every_page_says_so_if_the_database_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch, method: str, address: str
) -> None:
    """Even the session of the person can't be read then."""

    def fail(_: SessionStore) -> None:
        raise OperationalError("secret-host:5432")

    form = site.form()
    monkeypatch.setattr(SessionStore, "_get_session_from_db", fail)
    answer = getattr(site.browser, method)(address, form if method == "post" else {})
    assert answer.status_code == 503
    assert "the database can't be reached" in words(answer.content.decode()).lower()
    assert "secret-host" not in answer.content.decode()


@pytest.mark.parametrize("button", ["approve", "decline"])
def test_after_the_log_in_a_button_of_a_run_leads_to_the_page_of_the_run(
    site: Site, stranger: Client, button: str
) -> None:
    assert stranger.post(f"/runs/1/{button}").headers["Location"] == "/admin/login/?next=/runs/1/"
    page = stranger.post(f"/runs/1/{button}", {"reason": "too <late>"}).content.decode()
    assert "too &lt;late&gt;" in page
    assert '"/admin/login/?next=/runs/1/"' in page


@pytest.mark.parametrize("button", ["approve", "decline"])
def test_a_button_of_a_run_does_not_say_what_was_sent_if_the_database_is_away(
    site: Site, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    form = {name: value for name, value in site.form().items() if name == "csrfmiddlewaretoken"}
    monkeypatch.setattr(SessionStore, "_get_session_from_db", Mock(side_effect=OperationalError))
    answer = site.browser.post(f"/runs/1/{button}", {**form, "reason": "why not"})
    page = answer.content.decode()
    assert "The run's page says what was done, as soon as it can be read again." in words(page)
    assert "sent" not in words(page)
    assert 'href="/runs/1/"' in page
    assert "<form" not in page


def test_get_requests_have_no_effect(site: Site) -> None:
    form = site.form()
    site.browser.get("/", form)
    site.browser.head("/?schedule=7")
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_is_committed_before_it_is_sent_even_with_atomic_requests(site: Site, settings: Any) -> None:
    seen: list[bool] = []
    site.sender.meanwhile = lambda: seen.append(connection.in_atomic_block)
    form = site.form()
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert site.press_run(form).status_code == 302
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert seen == [False]


def test_a_site_that_is_not_set_up_says_what_is_missing(site: Site, settings: Any) -> None:
    def platform() -> Platform:
        raise NotSetUp("the project has no current Celery app")

    settings.ROOT_URLCONF = (path("", include((views.urls(platform), "runtask"))), *settings.ROOT_URLCONF)
    answer = site.browser.get("/")
    assert answer.status_code == 503
    assert "the project has no current Celery app" in words(answer.content.decode())
    User.objects.update(is_staff=False)
    answer = site.browser.get("/")
    assert answer.status_code == 503
    assert "Celery" not in words(answer.content.decode()), "it may be a text of the project's own code"


def test_a_site_whose_options_can_not_be_read_names_them(site: Site, settings: Any) -> None:
    settings.RUNTASK = {"DEADLIEN": 5}
    for cached in (wiring.platform, wiring.celery_app, conf.conf):
        cached.cache_clear()
    settings.ROOT_URLCONF = (path("", include("bot.urls")), *settings.ROOT_URLCONF)
    try:
        answers = [site.browser.get(address) for address in ("/", "/api/schedules")]
        answers.append(site.browser.post("/slack/events"))
        assert resolve("/metrics").view_name == "runtask:metrics"
        assert site.browser.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 404, (
            "without readable options, no token is valid"
        )
    finally:
        conf.conf.cache_clear()
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert "RUNTASK['DEADLIEN'] is not an option" in words(answers[0].content.decode())
    assert answers[1].json()["error"] == "not_set_up"
