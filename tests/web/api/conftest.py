"""The JSON API, called as scripts call it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import include, path

from bot.runs.door import Platform
from bot.web import tokens
from bot.web.api.views import urls
from tests.factories import FORM_KEYS, a_schedule
from tests.fakes import FakeCatalog, FakeOutcomes, FakeQueues, FakeSender, FakeStopper

JSON = "application/json"


@dataclass
class Api:
    """The API over a real database, with fakes behind it. Calls have ana's token unless another one is set."""

    catalog: FakeCatalog
    sender: FakeSender = field(default_factory=FakeSender)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    stopper: FakeStopper = field(default_factory=FakeStopper)
    may_kill: bool = False
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    token: str = ""

    @property
    def platform(self) -> Platform:
        return Platform(
            catalog=self.catalog,
            sender=self.sender,
            sources=self.outcomes.sources(),
            queues=FakeQueues(),
            stopper=self.stopper,
            may_kill=self.may_kill,
            secret_keys=("token",),
            deadline=1800,
            form_keys=FORM_KEYS,
        )

    def post(self, body: Any, content_type: str = JSON, **headers: str) -> Any:
        raw = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post("/api/runs", raw, content_type, headers=self._headers(headers))

    def get(self, address: str, **headers: str) -> Any:
        return self.client.get(address, headers=self._headers(headers))

    def _headers(self, given: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in given.items()}
        return {"Authorization": f"Bearer {self.token}", **named} if self.token else named


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", is_staff=True)


@pytest.fixture(scope="module")
def behind() -> Iterator[list[Api]]:
    """The API's and the admin's addresses, loaded once for a module. The last item is the API behind them."""
    apis: list[Api] = []
    ours = include((urls(lambda: apis[-1].platform), "runtask"))
    with override_settings(ROOT_URLCONF=(path("", ours), path("admin/", admin.site.urls))):
        yield apis


@pytest.fixture
def api(behind: list[Api], ana: User) -> Api:
    schedule = a_schedule()
    api = Api(FakeCatalog({schedule.id: schedule}), token=tokens.issue(ana, "CI")[1])
    api.catalog.signatures["reports.tasks.nightly"] = signature(lambda days=1, region="", api_token="": None)
    behind[:] = [api]
    return api


def refused(answer: Any, status: int, code: str) -> list[dict[str, Any]]:
    """Checks the status and the code of an error answer, and returns its problems."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer.json()["message"]
    assert answer.headers["Content-Type"] == JSON
    assert answer.headers["Cache-Control"] == "no-store"
    problems: list[dict[str, Any]] = answer.json()["problems"]
    return problems
