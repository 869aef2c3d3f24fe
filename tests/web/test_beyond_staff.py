"""An admin that asks more than to be staff asks it for the run page, too."""

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client
from django.urls import path

from tests.factories import a_run
from tests.web.site import Site, fields, words
from tests.web.test_gate import ADDRESSES, IDS


class TwoFactors(AdminSite):
    """As django-otp's."""

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and request.session.get("second_factor", False)


@pytest.fixture
def two_factors(site: Site, settings: Any) -> Site:
    settings.ROOT_URLCONF = (settings.ROOT_URLCONF[0], path("admin/", TwoFactors().urls))
    return site


def give_second_factor(browser: Client, *, is_given: bool = True) -> None:
    session = browser.session
    session["second_factor"] = is_given
    session.save()


@pytest.mark.parametrize(("method", "address"), ADDRESSES, ids=IDS)
def test_staff_is_let_in_with_what_the_admin_asks_beyond_that(two_factors: Site, method: str, address: str) -> None:
    a_run(pk=1)
    browser = Client()
    browser.force_login(two_factors.user)
    answer = getattr(browser, method)(address)
    assert (answer.status_code, answer.headers.get("Location", "")[:20]) == (302, "/admin/login/?next=/")
    give_second_factor(browser)
    give_second_factor(two_factors.browser)
    form = two_factors.form() if method == "post" else {}
    goes_on = method == "post" and address.endswith(("/", "/approve", "/decline"))  # to the page of the run
    assert getattr(browser, method)(address, form).status_code == (302 if goes_on else 200)


def test_who_has_no_second_factor_any_more_keeps_what_was_typed(two_factors: Site) -> None:
    give_second_factor(two_factors.browser)
    form = two_factors.form()
    give_second_factor(two_factors.browser, is_given=False)
    answer = two_factors.press_run(form, kwargs='{"days": 3}')
    assert answer.status_code == 403
    assert fields(answer.content.decode())["kwargs"] == '{"days": 3}'
    assert not two_factors.sender.sent


def test_who_is_not_staff_is_told_so_also_by_such_an_admin(two_factors: Site) -> None:
    User.objects.update(is_staff=False)
    answer = two_factors.browser.get("/")
    assert answer.status_code == 403
    assert "isn't a staff account" in words(answer.content.decode())
