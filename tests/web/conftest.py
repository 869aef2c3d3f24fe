"""The site as staff sees it: Django's test client before the real door, wired to real rows and a broker in memory."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from django.contrib.auth.models import User
from django.test import Client

from bot import conf, wiring

CACHED: list[Any] = [conf.conf, wiring.celery_app, wiring.run_service]


@pytest.fixture(autouse=True)
def celery(db: None) -> Iterator[Celery]:
    """The platform's app, with an empty queue."""
    for cached in CACHED:
        cached.cache_clear()
    app = wiring.celery_app()
    app.control.purge()
    yield app
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def ana() -> User:
    return User.objects.create_superuser("ana", "ana@example.com", "ana")


@pytest.fixture
def site(ana: User) -> Client:
    """Ana's browser."""
    client = Client(enforce_csrf_checks=False)
    client.force_login(ana)
    return client
