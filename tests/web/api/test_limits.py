"""Limits: how many runs each token may start, and how many invalid tokens each address may try."""

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models import QuerySet

from bot.core.entry import Entry
from bot.models import ApiToken, Run, Throttle
from bot.runs import denials, throttle
from bot.runs.actors import of_user
from bot.web import tokens
from bot.web.api import caller
from tests.audit import records
from tests.web.api.conftest import JSON, Api, refused

pytestmark = pytest.mark.django_db


def tries(api: Api, address: str = "192.0.2.7", token: str = "rt_forged") -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return api.client.get("/api/schedules", headers=headers, REMOTE_ADDR=address)


def test_a_token_starts_sixty_runs_a_minute(api: Api, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert throttle.RUNS == 60
    monkeypatch.setattr(throttle, "RUNS", 2)
    assert [api.post({"schedule": 7}).status_code for _ in range(2)] == [201, 201]
    answer = api.post({"schedule": 7})
    refused(answer, 429, "too_many_runs")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert Run.objects.count() == len(api.sender.sent) == 2
    assert api.get("/api/schedules").status_code == 200, "reading isn't limited"
    api.token = tokens.issue(ana, "another")[1]
    assert api.post({"schedule": 7}).status_code == 201, "another token has its own limit"


def test_a_user_with_a_session_has_the_same_limit(api: Api, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "RUNS", 2)
    assert api.post({"schedule": 7}).status_code == 201
    api.token = ""
    api.client.force_login(ana)
    api.client.cookies["csrftoken"] = "a" * 32
    csrf = {"X-CSRFToken": "a" * 32}
    assert api.post({"schedule": 7}, **csrf).status_code == 201
    throttle.count_run(of_user(ana, entry=Entry.WEB))  # as the run page does
    again = api.client.post(f"/api/runs/{Run.objects.latest('pk').pk}/again", "{}", JSON, headers=csrf)
    for answer in (api.post({"schedule": 7}, **csrf), again):
        refused(answer, 429, "too_many_runs")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert Run.objects.count() == len(api.sender.sent) == 2


def test_an_invalid_request_does_not_count_towards_the_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "RUNS", 1)
    refused(api.post("{"), 400, "bad_request")
    assert api.post({"schedule": 7}).status_code == 201


def test_ten_bad_tokens_a_minute_are_checked_from_one_address(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "bot"):
        for _ in range(10):
            refused(tries(api), 401, "bad_token")
        for _ in range(2):
            answer = tries(api)
            refused(answer, 429, "too_many_failures")
            assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert caplog.text.count("the API refused a token (unknown) from 192.0.2.7") == 10
    assert "rt_forged" not in caplog.text
    refused(tries(api, "192.0.2.8"), 401, "bad_token")


def test_a_valid_token_from_the_same_address_goes_on_working(api: Api) -> None:
    for _ in range(11):
        last = tries(api)
    refused(last, 429, "too_many_failures")
    assert tries(api, token=api.token).status_code == 200


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "an unknown address"),
        ("unix:/run/x\n", "an unknown address"),
    ],
)
def test_addresses_of_one_network_share_a_limit(given: str, counted: str) -> None:
    assert caller._network(given) == counted


def test_a_header_does_not_change_the_address_that_counts(api: Api) -> None:
    for number in range(11):
        forwarded = {
            "Authorization": "Bearer x",
            "X-Forwarded-For": f"198.51.100.{number}",
            "Forwarded": f"for={number}",
        }
        last = api.client.get("/api/schedules", headers=forwarded)
    refused(last, 429, "too_many_failures")


def test_the_table_of_addresses_is_bounded(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "BUCKETS", 3)
    for number in range(20):
        tries(api, f"192.0.2.{number}")
    assert Throttle.objects.count() == 3


def test_the_audit_log_does_not_grow_with_the_addresses_of_unknown_callers(
    api: Api, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has a network of IPv6 can call from a new address each time."""
    assert denials.MOST_UNKNOWN == 20
    monkeypatch.setattr(denials, "MOST_UNKNOWN", 3)
    for number in range(9):
        refused(tries(api, f"2001:db8:0:{number}::1"), 401, "bad_token")
    rows = records()
    assert [row.details["code"] for row in rows] == [*["bad_token"] * 3, "many"]
    assert [row.count for row in rows] == [1, 1, 1, 6]
    ApiToken.objects.update(expires_at="2026-01-01T00:00:00Z")
    api.get("/api/schedules")
    known = records()[-1].person
    assert known is not None, "a known token still has its own record"
    assert known.name == ana.username


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"digest": "0" * 64}, "unknown", "unknown"),
        ({"expires_at": "2026-01-01T00:00:00Z"}, "expired", "has expired"),
        ({"password_mark": "0" * 64}, "password_changed", "password has changed"),
    ],
)
def test_the_answer_names_the_flaw_and_the_log_names_the_token(
    api: Api, caplog: pytest.LogCaptureFixture, change: dict[str, str], reason: str, words: str
) -> None:
    ApiToken.objects.update(**change)
    with caplog.at_level(logging.WARNING, "bot"):
        answer = api.get("/api/schedules")
    refused(answer, 401, "bad_token")
    assert answer.json()["reason"] == reason
    assert words in answer.json()["message"]
    known = "" if reason == "unknown" else f" {ApiToken.objects.get().pk}"
    assert f"token{known} ({reason}) from 127.0.0.1" in caplog.text
    assert api.token not in caplog.text


def test_a_bad_token_is_refused_even_if_it_can_not_be_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any) -> int:
        raise OperationalError("database is locked")

    monkeypatch.setattr(throttle, "seconds_to_wait", locked)
    refused(tries(api), 401, "bad_token")


def test_the_use_of_a_token_is_recorded_after_the_run_was_sent(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a busy database delays no run and no answer. The use of a token by a refused request is recorded, too."""
    seen = []
    update = QuerySet.update

    def watched(rows: QuerySet[Any], **values: Any) -> int:
        if "used_at" in values:
            seen.append((len(api.sender.sent), Run.objects.filter(state="sent").count()))
        return update(rows, **values)

    monkeypatch.setattr(QuerySet, "update", watched)
    assert api.post({"schedule": 7}).status_code == 201
    assert seen == [(1, 1)]
    ApiToken.objects.update(used_at=None)
    seen.clear()
    refused(api.post("{"), 400, "bad_request")
    assert seen == [(1, 1)]
