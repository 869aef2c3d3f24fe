"""The run page in Ana's browser, with fakes behind the real permission check."""

from collections.abc import Iterator
from inspect import signature

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import include, path

from bot.web import views
from tests.factories import a_schedule
from tests.fakes import FakeCatalog
from tests.web.site import Site


@pytest.fixture(scope="module")
def behind() -> Iterator[list[Site]]:
    """The site's addresses, loaded once for a module, because the admin's take long. The last item is the site behind them."""
    sites: list[Site] = []
    ours = include((views.urls(lambda: sites[-1].platform), "runtask"))
    with override_settings(ROOT_URLCONF=(path("", ours), path("admin/", admin.site.urls))):
        yield sites


@pytest.fixture
def site(db: None, behind: list[Site]) -> Site:
    """The pages in Ana's browser. She is staff, without any permission of the admin."""
    schedule = a_schedule()
    site = Site(FakeCatalog({schedule.id: schedule}), User.objects.create_user("ana", is_staff=True))
    site.catalog.signatures[schedule.task] = signature(lambda days=1, region="", api_token="": None)
    behind[:] = [site]
    site.browser.force_login(site.user)
    return site


@pytest.fixture
def stranger() -> Client:
    """A browser in which nobody is logged in."""
    return Client()
