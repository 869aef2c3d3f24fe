"""The API answers every error in JSON with a code, and reveals no internals."""

from typing import Any

import pytest
from celery import Celery
from django.core.exceptions import BadRequest, SuspiciousOperation

from bot.broker.catalog import BeatCatalog
from bot.core.ports import NotSetUp
from bot.runs.door import Platform
from bot.web.api.caller import Caller, site_for
from bot.web.api.errors import ApiError
from tests.factories import a_row, an_actor, in_zone
from tests.web.api.conftest import Api, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def real(api: Api) -> Api:
    """The API with the schedules of beat's table."""
    api.catalog = BeatCatalog(Celery("platform", set_as_current=False))  # type: ignore[assignment]
    return api


def test_only_staff_read_why_nothing_can_be_run() -> None:
    def platform() -> Platform:
        raise NotSetUp("a text of the project's own code")

    with pytest.raises(NotSetUp):
        site_for(Caller(actor=an_actor()), platform)
    with pytest.raises(ApiError) as caught:
        site_for(Caller(actor=an_actor(is_staff=False)), platform)
    assert b"own code" not in caught.value.answer().content


@pytest.mark.parametrize("method", ["get", "find", "named"])
def test_an_unexpected_error_is_json_without_details(api: Api, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("postgresql://u:secret@db")

    monkeypatch.setattr(api.catalog, method, broken)
    body = {"get": 7, "named": "nightly report"}
    answer = api.post({"schedule": body[method]}) if method in body else api.get("/api/schedules")
    assert refused(answer, 500, "internal_error") == []
    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize("error", [SuspiciousOperation("secret"), BadRequest("secret")])
def test_a_request_that_can_not_be_read_is_the_callers_mistake(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(api.catalog, "find", broken)
    answer = api.get("/api/schedules")
    refused(answer, 400, "bad_request")
    assert "secret" not in answer.content.decode()


def test_too_many_parameters_are_the_callers_mistake(api: Api) -> None:
    refused(api.get("/api/schedules?" + "&".join(["q=1"] * 2000)), 400, "bad_request")


@pytest.mark.parametrize("schedule", [-(2**70), 2**70, -1, 0, -(2**63), 2**63])
def test_a_schedules_number_that_no_row_can_have_is_not_found(real: Api, schedule: int) -> None:
    refused(real.post({"schedule": schedule}), 404, "not_found")


@pytest.mark.parametrize("number", [0, 2**63, 2**70, "9" * 600])
@pytest.mark.parametrize("address", ["runs/{}", "schedules/{}"])
def test_an_address_with_a_number_that_no_row_can_have_is_not_found(real: Api, address: str, number: Any) -> None:
    refused(real.get(f"/api/{address.format(number)}"), 404, "not_found")


@pytest.mark.parametrize("name", ["\0", "\ud83d\ude00", "x" * 10_000])
def test_a_schedules_name_that_no_row_can_have_is_not_found(real: Api, name: str) -> None:
    refused(real.post({"schedule": name}), 404, "not_found")


def test_a_schedule_whose_time_zone_is_not_known_is_shown_and_run(real: Api) -> None:
    row = a_row("nightly report", crontab=in_zone("US/Pacific-New"))
    shown = real.get(f"/api/schedules/{row.pk}")
    assert shown.json()["when"] == "every day at 02:00, US/Pacific-New (this time zone isn't known here)"
    assert [one["name"] for one in real.get("/api/schedules").json()["schedules"]] == ["nightly report"]
    assert real.post({"schedule": row.pk}).status_code == 201


@pytest.mark.parametrize("address", ["/api/", "/api/nothing", "/api/runs/", "/api/runs/x", "/api/%00", "/api/%ff"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_unknown_addresses_are_answered_in_json(api: Api, address: str, method: str) -> None:
    refused(getattr(api.client, method)(address), 404, "not_found")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused_in_json(api: Api, method: str) -> None:
    assert refused(getattr(api.client, method)("/api/runs"), 405, "method_not_allowed") == []
