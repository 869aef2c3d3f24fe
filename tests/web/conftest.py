"""The run page in a browser of Ana's, with fakes behind the real door."""

from inspect import signature
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import include, path

from bot.web import views
from tests.factories import a_schedule
from tests.fakes import FakeCatalog
from tests.web.site import Site


@pytest.fixture
def site(db: None, settings: Any) -> Site:
    """Ana is staff, without any permission of the admin's."""
    schedule = a_schedule()
    site = Site(FakeCatalog({schedule.id: schedule}), User.objects.create_user("ana", is_staff=True))
    site.catalog.signatures[schedule.task] = signature(lambda days=1, region="", api_token="": None)
    ours = include((views.urls(lambda: site.platform), "runtask"))
    settings.ROOT_URLCONF = (path("", ours), path("admin/", admin.site.urls))
    site.browser.force_login(site.user)
    return site


@pytest.fixture
def stranger() -> Client:
    """A browser in which nobody is logged in."""
    return Client()
