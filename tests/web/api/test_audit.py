"""Calls of the API are recorded in the audit log."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bot.models import ApiToken
from tests.audit import records, told
from tests.factories import a_run
from tests.web.api.conftest import JSON, Api
from tests.web.api.test_stop import press, sent

pytestmark = pytest.mark.django_db


def again(api: Api, run: int) -> Any:
    return api.client.post(f"/api/runs/{run}/again", "{}", JSON, headers={"Authorization": f"Bearer {api.token}"})


def is_no_staff(api: Api) -> None:
    User.objects.update(is_staff=False)
    for _ in range(2):
        api.post({"schedule": 7})
    again(api, a_run().pk)
    press(api, 1)
    api.get("/api/schedules")  # looking isn't recorded


def has_a_bad_token(api: Api) -> None:
    for _ in range(2):
        api.get("/api/schedules", Authorization="Bearer rt_forged")
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    api.get("/api/schedules")


def is_wrong(api: Api) -> None:
    api.post({"schedule": 99})
    api.post({"schedule": "no such"})
    api.post({"schedule": 7, "kwargs": {"dais": 7}})
    again(api, 99)
    press(api, sent(state="finished").pk)


WAYS: list[tuple[Callable[[Api], object], list[str], list[int]]] = [
    (lambda api: api.post({"schedule": 7}), ["run.asked", "run.sent"], [1, 1]),
    (lambda api: again(api, a_run().pk), ["run.asked", "run.sent"], [1, 1]),
    (lambda api: press(api, sent().pk), ["run.stop_asked"], [1]),
    (is_no_staff, ["run.refused"] * 3, [2, 1, 1]),
    (is_wrong, ["run.refused"] * 5, [1] * 5),
]


@pytest.mark.parametrize(("calls", "expected", "counts"), WAYS, ids=range(len(WAYS)))
def test_each_call_leaves_exactly_its_records(
    api: Api, calls: Callable[[Api], object], expected: list[str], counts: list[int]
) -> None:
    token = ApiToken.objects.get().pk
    calls(api)
    assert told() == [(action, "api", f"ana token {token}") for action in expected]
    assert [row.count for row in records()] == counts


def test_a_session_is_a_person_without_a_token(api: Api, ana: User) -> None:
    api.token = ""
    api.client.force_login(ana)
    api.client.cookies["csrftoken"] = "a" * 32
    api.post({"schedule": 7}, X_CSRFToken="a" * 32)
    assert told() == [("run.asked", "api", "ana"), ("run.sent", "api", "ana")]


def test_bad_tokens_are_counted_with_their_address_or_person(api: Api) -> None:
    has_a_bad_token(api)
    unknown, expired = records()
    assert (unknown.person, unknown.count) == (None, 2)
    assert unknown.details == {"code": "bad_token", "flaw": "unknown", "address": "127.0.0.1"}
    assert (str(expired.person), expired.details) == (
        f"ana token {ApiToken.objects.get().pk}",
        {"code": "bad_token", "flaw": "expired"},
    )


def test_records_of_refusals_say_why(api: Api) -> None:
    is_wrong(api)
    assert [(row.details["asked"], row.details["code"]) for row in records()] == [
        ("run", "gone"),
        ("run", "gone"),
        ("run", "misspelled_argument"),
        ("run", "no_such_run"),
        ("stop", "ended"),
    ]
