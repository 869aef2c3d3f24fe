"""If the project's admin demands more than `is_staff`, such as a second factor, the run page demands that, too."""

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
    """An admin site that demands a second factor, as django-otp's does."""

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
def test_staff_need_the_second_factor_that_the_admin_demands(two_factors: Site, method: str, address: str) -> None:
    a_run(pk=1)
    browser = Client()
    browser.force_login(two_factors.user)
    answer = getattr(browser, method)(address)
    assert (answer.status_code, answer.headers.get("Location", "")[:20]) == (302, "/admin/login/?next=/")
    give_second_factor(browser)
    give_second_factor(two_factors.browser)
    form = two_factors.form() if method == "post" else {}
    goes_on = method == "post" and address.endswith(("/", "/approve", "/decline"))  # redirected to the page of the run
    assert getattr(browser, method)(address, form).status_code == (302 if goes_on else 200)


def test_the_typed_text_is_kept_if_the_second_factor_has_expired(two_factors: Site) -> None:
    give_second_factor(two_factors.browser)
    form = two_factors.form()
    give_second_factor(two_factors.browser, is_given=False)
    answer = two_factors.press_run(form, kwargs='{"days": 3}')
    assert answer.status_code == 403
    assert fields(answer.content.decode())["kwargs"] == '{"days": 3}'
    assert not two_factors.sender.sent


def test_with_such_an_admin_people_who_are_not_staff_are_told_so(two_factors: Site) -> None:
    User.objects.update(is_staff=False)
    answer = two_factors.browser.get("/")
    assert answer.status_code == 403
    assert "isn't a staff account" in words(answer.content.decode())
