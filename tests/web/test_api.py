"""The endpoint for scripts: what it does, and every way of being told no."""

import json
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.urls import include, path

from bot.core.budget import Budget
from bot.core.model import Outcome, ScheduleId, TaskId
from bot.core.ports import FateUnknown, NotSent
from bot.models import Run
from bot.runs.requests import BODY_LIMIT
from bot.runs.service import RunService
from bot.web import tokens
from bot.web.api.views import urls
from tests.factories import NOW, a_request, a_run, a_schedule, an_actor
from tests.fakes import FakeCatalog, FakeOutcomes, FakeSender

pytestmark = pytest.mark.django_db
JSON = "application/json"


@dataclass
class Api:
    """The endpoint over a real database with fakes behind it, called with ana's token unless said otherwise."""

    catalog: FakeCatalog
    sender: FakeSender = field(default_factory=FakeSender)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    token: str = ""

    @property
    def service(self) -> RunService:
        return RunService(
            catalog=self.catalog,
            sender=self.sender,
            outcomes=self.outcomes,
            secret_keys=("token",),
            deadline=1800,
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


@pytest.fixture
def api(settings: Any, ana: User) -> Api:
    schedule = a_schedule()
    api = Api(FakeCatalog({schedule.id: schedule}), token=tokens.issue(ana, "CI")[1])
    api.catalog.signatures["reports.tasks.nightly"] = signature(lambda days=1, region="", api_token="": None)
    ours = include((urls(lambda: api.service), "runtask"))
    settings.ROOT_URLCONF = (path("", ours), path("admin/", admin.site.urls))
    return api


def refused(answer: Any, status: int, code: str) -> list[dict[str, Any]]:
    """The problems of an answer that is one of these."""
    assert (answer.status_code, answer.json()["error"]) == (status, code), answer.content
    assert answer.json()["message"]
    assert answer.headers["Content-Type"] == JSON
    assert answer.headers["Cache-Control"] == "no-store"
    problems: list[dict[str, Any]] = answer.json()["problems"]
    return problems


def test_a_run_is_started_by_id_with_other_arguments(api: Api, ana: User) -> None:
    answer = api.post({"schedule": 7, "args": [], "kwargs": {"days": 30, "region": "EU", "api_token": "hunter2"}})
    (sent,) = api.sender.sent
    assert sent.kwargs == {"days": 30, "region": "EU", "api_token": "hunter2"}
    run = Run.objects.get()
    assert answer.status_code == 201
    told = answer.json()
    assert (told["run"], told["task_id"], told["state"], told["done"]) == (run.pk, run.task_id, "sent", False)
    assert told["schedule"] == {"id": 7, "name": "nightly report"}
    assert told["changes"][0] == {"name": "days", "old": "7", "new": "30"}
    assert told["requester"] == "ana"
    assert told["target"] == {}
    assert told["url"] == answer.headers["Location"] == f"http://testserver/api/runs/{run.pk}"
    assert told["page"] == f"http://testserver/admin/runtask/run/{run.pk}/change/"
    assert "hunter2" not in answer.content.decode()
    assert (run.user, run.entry) == (ana, "api")


def test_what_is_left_out_is_sent_as_stored_and_a_name_is_the_very_name(api: Api) -> None:
    assert api.post({"schedule": "nightly report"}).status_code == 201
    assert api.sender.sent[0].kwargs == {"days": 7, "region": "EU"}
    for near in ("Nightly report", "nightly", " nightly report", ""):
        (problem,) = refused(api.post({"schedule": near}), 404, "not_found")
        assert (problem["field"], problem["line"], problem["column"]) == ("schedule", 1, 14)
    assert len(api.sender.sent) == 1


def test_numbers_reach_the_task_as_they_were_written(api: Api) -> None:
    api.post('{"schedule": 7, "kwargs": {"days": 12345678901234567890123, "region": 1.10}}')
    assert api.sender.sent[0].kwargs == {"days": 12345678901234567890123, "region": 1.1}


@pytest.mark.parametrize(
    ("body", "field", "place", "words"),
    [
        pytest.param("{,}", "body", (1, 2), "key in double quotes", id="no key"),
        pytest.param('{"schedule": 7,\n "kwargs" {}}', "body", (2, 11), "colon is missing", id="syntax"),
        pytest.param('{"schedule": 7,\n "kwargs": {"days" 30}}', "kwargs", (2, 20), "colon is missing", id="in kwargs"),
        pytest.param('{"schedule": 7,\n\n "args": [1 2]}', "args", (3, 13), "a comma", id="in args"),
        pytest.param('{"schedule": 7, "schedule": 8}', "body", (1, 17), "a second time", id="doubled"),
        pytest.param(
            '{"schedule": 7, "kwargs": {"a": 1, "a": 2}}', "kwargs", (1, 36), "a second time", id="doubled in"
        ),
        pytest.param('{"schedule": 7, "args": [NaN]}', "args", (1, 26), "NaN is not JSON", id="NaN"),
        pytest.param('{"schedule": 7, "args": [1e400]}', "args", (1, 26), "too large", id="infinite"),
        pytest.param('{"schedule": 7, "args": ["\\ud800"]}', "args", (1, 26), "half a character", id="surrogate"),
        pytest.param('{"schedule": 7, "args": ' + "[" * 200_000, "args", (1, 124), "nested", id="deep"),
        pytest.param("{“schedule”: 7}", "body", (1, 2), "typographic", id="quotes"),
        pytest.param("{'schedule': 7}", "body", (1, 2), "double quotes", id="single quotes"),
        pytest.param("[7]", "body", (None, None), "must be an object", id="a list"),
        pytest.param("{}", "schedule", (None, None), "is missing", id="no schedule"),
        pytest.param('{"schedule": true}', "schedule", (1, 14), "must be a schedule's id", id="boolean"),
        pytest.param('{"schedule": 7.0}', "schedule", (1, 14), "must be a schedule's id", id="fraction"),
        pytest.param('{"schedule": null}', "schedule", (1, 14), "must be a schedule's id", id="null"),
        pytest.param('{"schedule": 7, "args": "[]"}', "args", (1, 25), "args must be a list", id="text for args"),
        pytest.param(
            '{"schedule": 7, "kwargs": null}', "kwargs", (1, 27), "kwargs must be an object", id="null kwargs"
        ),
        pytest.param('{"schedule": 7, "kwarg": {}}', "kwarg", (1, 26), "no member 'kwarg'", id="unknown member"),
        pytest.param('{"schedule": 7, "fingerprint": 1}', "fingerprint", (1, 32), "must be a text", id="fingerprint"),
    ],
)
def test_a_malformed_body_is_told_with_field_and_place(
    api: Api, body: str, field: str, place: tuple[int | None, int | None], words: str
) -> None:
    problem = refused(api.post(body), 400, "bad_request")[0]
    assert (problem["field"], (problem["line"], problem["column"])) == (field, place)
    assert words in problem["text"]
    assert not Run.objects.exists()


def test_bytes_that_are_no_text_are_refused(api: Api) -> None:
    assert refused(api.post(b'{"schedule": "\xff"}'), 400, "bad_request")[0]["field"] == "body"


def test_all_that_is_wrong_with_a_body_is_told_together(api: Api) -> None:
    problems = refused(api.post({"args": {}, "kwargs": [], "x": 1}), 400, "bad_request")
    assert [problem["field"] for problem in problems] == ["args", "kwargs", "x", "schedule"]


def test_arguments_that_the_task_does_not_take_are_refused_at_their_place(api: Api) -> None:
    body = '{"schedule": 7,\n "args": [1, 2, 3, 4],\n "kwargs": {"dayz": 1}}'
    args, kwargs = refused(api.post(body), 400, "refused")
    assert (args["field"], args["line"], args["column"]) == ("args", 2, 10)
    assert "Too many arguments" in args["text"]
    assert (kwargs["field"], kwargs["line"], kwargs["column"]) == ("kwargs", 3, 12)
    assert 'did you mean "days"?' in kwargs["text"]
    assert not Run.objects.exists()


def test_what_is_wrong_with_stored_values_has_no_place_in_the_body(api: Api) -> None:
    schedule = a_schedule(kwargs="{broken")
    api.catalog.schedules = {schedule.id: schedule}
    (problem,) = refused(api.post({"schedule": 7}), 400, "refused")
    assert problem["text"].startswith("As stored: Line 1, column 2")
    assert (problem["field"], problem["line"]) == ("kwargs", None)


@pytest.mark.parametrize("schedule", [8, -1, 10**30])
def test_a_schedule_that_is_not_there_is_404(api: Api, schedule: int) -> None:
    (problem,) = refused(api.post({"schedule": schedule}), 404, "not_found")
    assert problem["field"] == "schedule"


def test_a_schedule_that_changed_since_the_caller_looked_is_409(api: Api) -> None:
    shown = api.get("/api/schedules/7").json()
    assert api.post({"schedule": 7, "fingerprint": shown["fingerprint"]}).status_code == 201
    (problem,) = refused(api.post({"schedule": 7, "fingerprint": "f0"}), 409, "schedule_changed")
    assert problem["field"] == "fingerprint"


def test_only_json_and_only_so_much_of_it(api: Api) -> None:
    refused(api.post("schedule=7", "application/x-www-form-urlencoded"), 415, "not_json")
    refused(api.post("{}", "text/plain"), 415, "not_json")
    refused(api.post(b" " * (BODY_LIMIT + 1)), 413, "too_large")


def test_a_token_that_is_not_known_is_401_even_with_a_session(api: Api, ana: User) -> None:
    api.client.force_login(ana)
    api.token = "rt_forged"
    answer = api.get("/api/runs/1")
    refused(answer, 401, "bad_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="runtask", error="invalid_token"'


def test_without_anything_it_is_401(api: Api) -> None:
    api.token = ""
    for answer in (api.post({"schedule": 7}), api.get("/api/schedules"), api.get("/api/runs/1")):
        refused(answer, 401, "no_token")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="runtask"'


@pytest.mark.parametrize(("change", "reason"), [("is_staff", "isn't a staff account"), ("is_active", "deactivated")])
def test_a_token_is_worth_what_its_user_may_do_now(api: Api, ana: User, change: str, reason: str) -> None:
    User.objects.filter(pk=ana.pk).update(**{change: False})
    for answer in (api.post({"schedule": 7}), api.get("/api/schedules"), api.get("/api/runs/1")):
        refused(answer, 403, "not_allowed")
        assert reason in answer.json()["message"]
    assert not api.sender.sent


@pytest.mark.parametrize("in_sessions", [False, True])
def test_a_session_needs_its_csrf_token(api: Api, ana: User, settings: Any, in_sessions: bool) -> None:
    settings.CSRF_USE_SESSIONS = in_sessions
    secret = "a" * 32
    api.token = ""
    api.client.force_login(ana)
    if in_sessions:
        session = api.client.session
        session["_csrftoken"] = secret
        session.save()
    else:
        api.client.cookies["csrftoken"] = secret
    for headers in ({}, {"X_CSRFToken": "b" * 32}):
        refused(api.post({"schedule": 7}, **headers), 403, "csrf")
    assert not api.sender.sent
    assert api.get("/api/schedules").status_code == 200
    assert api.post({"schedule": 7}, X_CSRFToken=secret).status_code == 201


def test_a_session_from_another_origin_is_refused(api: Api, ana: User) -> None:
    api.token = ""
    api.client.force_login(ana)
    api.client.cookies["csrftoken"] = "a" * 32
    refused(api.post({"schedule": 7}, X_CSRFToken="a" * 32, Origin="https://evil.example"), 403, "csrf")


def test_another_scheme_than_ours_leaves_it_to_the_session(api: Api, ana: User) -> None:
    api.token = ""
    api.client.force_login(ana)
    assert api.get("/api/schedules", Authorization="Basic cHJveHk6").status_code == 200


def test_a_project_without_sessions_takes_tokens(api: Api, settings: Any) -> None:
    settings.MIDDLEWARE = []
    assert api.post({"schedule": 7}).status_code == 201
    api.token = ""
    refused(api.post({"schedule": 7}), 401, "no_token")


@pytest.mark.parametrize(
    ("method", "address", "allow"),
    [
        ("GET", "/api/runs", "POST"),
        ("PUT", "/api/runs", "POST"),
        ("OPTIONS", "/api/runs", "POST"),
        ("DELETE", "/api/runs/1", "GET, HEAD"),
        ("POST", "/api/schedules", "GET, HEAD"),
        ("POST", "/api/schedules/7", "GET, HEAD"),
    ],
)
def test_other_methods_are_405(api: Api, method: str, address: str, allow: str) -> None:
    answer = api.client.generic(method, address)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allow


def test_addresses_that_are_not_there_are_404_in_json(api: Api) -> None:
    for address in ("/api/", "/api/runs/x", "/api/run", "/api/runs/" + "9" * 30, "/api/schedules/8"):
        assert api.get(address).json()["error"] == "not_found", address


def test_the_same_key_starts_one_run(api: Api) -> None:
    body = {"schedule": 7, "kwargs": {"days": 30}}
    first = api.post(body, Idempotency_Key="build-118")
    again = api.post('{"kwargs": {"days":30},  "schedule": 7}', Idempotency_Key="build-118")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["run"] == first.json()["run"]
    assert api.post(body).json()["run"] != first.json()["run"]
    assert len(api.sender.sent) == 2


def test_a_key_stands_for_one_request_of_one_user(api: Api) -> None:
    first = api.post({"schedule": 7}, Idempotency_Key="k").json()
    answer = api.post({"schedule": 7, "kwargs": {"days": 1}}, Idempotency_Key="k")
    refused(answer, 409, "key_taken")
    assert (answer.json()["run"], answer.json()["url"]) == (first["run"], first["url"])
    api.token = tokens.issue(User.objects.create_user("cara", is_staff=True), "CI")[1]
    assert api.post({"schedule": 7}, Idempotency_Key="k").json()["run"] != first["run"]


@pytest.mark.parametrize("key", ["", "x" * 65, "two words", "clé"])
def test_a_key_is_a_short_ascii_word(api: Api, key: str) -> None:
    assert refused(api.post({"schedule": 7}, Idempotency_Key=key), 400, "bad_request")[0]["field"] == "Idempotency-Key"


def test_what_was_certainly_not_sent_is_503_and_taken_up_by_the_same_key(api: Api) -> None:
    api.sender.fails = NotSent("the broker can't be reached (ConnectionRefusedError)")
    answer = api.post({"schedule": 7}, Idempotency_Key="k")
    refused(answer, 503, "not_sent")
    assert "Nothing was sent" in answer.json()["message"]
    assert "ConnectionRefusedError" in answer.json()["message"]
    api.sender.fails = None
    again = api.post({"schedule": 7}, Idempotency_Key="k")
    assert (again.status_code, Run.objects.count(), len(api.sender.sent)) == (201, 1, 1)


def test_a_run_whose_fate_is_unknown_is_409_with_the_run(api: Api) -> None:
    api.sender.fails = FateUnknown("TimeoutError")
    for _ in range(2):
        answer = api.post({"schedule": 7}, Idempotency_Key="k")
        refused(answer, 409, "maybe_sent")
        assert answer.json()["run"] == Run.objects.get().pk
        assert api.get(answer.json()["url"]).json()["state"] == "unknown"


def test_a_database_that_fails_is_503_and_says_that_nothing_was_sent(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("secret address")

    monkeypatch.setattr(api.catalog, "get", away)
    answer = api.post({"schedule": 7})
    refused(answer, 503, "database")
    assert "Nothing was sent" in answer.json()["message"]
    assert "secret" not in answer.content.decode()


def test_a_run_is_followed_to_its_end_without_a_watcher(api: Api) -> None:
    url = api.post({"schedule": 7}).json()["url"]
    task = TaskId(Run.objects.get().task_id)
    api.outcomes.news = [Outcome(task_id=task, status="PROGRESS", at=NOW, started_at=NOW, result="2 of 5")]
    running = api.get(url).json()
    assert (running["state"], running["progress"], running["result"]) == ("running", "2 of 5", None)
    end = NOW.replace(second=7)
    api.outcomes.news = [Outcome(task_id=task, status="FAILURE", at=end, result="ValueError: x", traceback="in f")]
    told = api.get(url).json()
    assert (told["state"], told["status"], told["done"], told["duration"]) == ("finished", "FAILURE", True, 7.0)
    assert (told["result"], told["progress"], told["traceback"]) == ("ValueError: x", None, "in f")
    assert told["finished_at"] == "2026-11-05T12:00:07+00:00"


def test_a_run_from_slack_can_be_followed_too_with_secrets_masked(api: Api) -> None:
    run = a_run(kwargs='{"api_token": "hunter2"}', target=[["queue", "reports"]], args="[1]")
    told = api.get(f"/api/runs/{run.pk}").json()
    assert (told["kwargs"], told["args"]) == ({"api_token": "••••"}, [1])
    assert told["target"] == {"queue": "reports"}
    assert told["requester"] is None
    refused(api.get("/api/runs/99999"), 404, "not_found")


def test_schedules_are_listed_and_searched(api: Api) -> None:
    api.catalog.schedules[ScheduleId(8)] = a_schedule(id=8, name="weekly digest", enabled=False)
    assert api.get("/api/schedules").json()["total"] == 2
    assert api.get("/api/schedules?q=WEEK").json() == {
        "total": 1,
        "schedules": [{"id": 8, "name": "weekly digest", "task": "reports.tasks.nightly", "enabled": False}],
    }
    assert refused(api.get("/api/schedules?name=x"), 400, "bad_request")[0]["field"] == "name"


def test_a_schedule_shows_what_would_be_sent(api: Api) -> None:
    a_run(schedule_id=7)
    told = api.get("/api/schedules/7").json()
    assert (told["args"], told["kwargs"]) == ([], {"days": 7, "region": "EU"})
    assert (told["target"], told["fingerprint"], told["problems"]) == ({"queue": "celery"}, "f1", [])
    assert told["running"]["run"] == Run.objects.get().pk
    again = {"schedule": told["id"], **{name: told[name] for name in ("args", "kwargs", "fingerprint")}}
    assert api.post(again).json()["changes"] == []


def test_stored_values_that_can_not_be_sent_are_told(api: Api) -> None:
    schedule = a_schedule(args="[1,", kwargs="")
    api.catalog.schedules = {schedule.id: schedule}
    told = api.get("/api/schedules/7").json()
    assert (told["args"], told["kwargs"], told["problems"][0]["field"]) == (None, {}, "args")


def test_times_of_a_project_without_time_zones_are_utc_all_the_same(api: Api, ana: User, settings: Any) -> None:
    settings.USE_TZ = False
    settings.TIME_ZONE = "Europe/Berlin"
    run = api.service.start(a_request(an_actor(user=str(ana.pk))), Budget())
    told = api.get(f"/api/runs/{run.pk}").json()
    assert told["created_at"].endswith("+00:00")
