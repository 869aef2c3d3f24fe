"""Scripts start runs once, follow them to their end, and read schedules."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections
from django.utils import timezone

from bot.core.model import Outcome, ScheduleId, TaskId
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Reason
from bot.core.scrub import MASK
from bot.models import Run
from bot.runs import finish, start
from bot.runs.budget import Budget
from bot.runs.door import admit
from bot.web import tokens
from tests.factories import NOW, a_request, a_run, a_schedule, an_actor, sealed, unreachable
from tests.web.api.conftest import Api, refused

pytestmark = pytest.mark.django_db


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


def test_missing_arguments_are_sent_as_stored_and_a_name_must_match_exactly(api: Api) -> None:
    assert api.post({"schedule": "nightly report"}).status_code == 201
    assert api.sender.sent[0].kwargs == {"days": 7, "region": "EU"}
    for near in ("Nightly report", "nightly", " nightly report", ""):
        (problem,) = refused(api.post({"schedule": near}), 404, "not_found")
        assert (problem["field"], problem["line"], problem["column"]) == ("schedule", 1, 14)
    assert len(api.sender.sent) == 1


def test_numbers_reach_the_task_as_they_were_written(api: Api) -> None:
    api.post('{"schedule": 7, "kwargs": {"days": 12345678901234567890123, "region": 1.10}}')
    assert api.sender.sent[0].kwargs == {"days": 12345678901234567890123, "region": 1.1}


def test_a_schedule_that_changed_since_the_caller_looked_is_409(api: Api) -> None:
    shown = api.get("/api/schedules/7").json()
    assert api.post({"schedule": 7, "fingerprint": shown["fingerprint"]}).status_code == 201
    (problem,) = refused(api.post({"schedule": 7, "fingerprint": "f0"}), 409, "changed")
    assert problem["field"] == "fingerprint"


def test_a_schedule_has_its_last_run_even_if_the_end_is_not_known(api: Api) -> None:
    assert api.get("/api/schedules/7").json()["last"] is None
    a_run(schedule_id=7, state="unseen", status="STARTED")
    assert api.get("/api/schedules/7").json()["last"] == {"status": None, "at": NOW.isoformat()}


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


def test_keys_that_differ_in_case_are_different_on_every_database(api: Api) -> None:
    for key in ("build-a", "build-A"):
        assert api.post({"schedule": 7}, Idempotency_Key=key).status_code == 201
    assert len({run.key.lower() for run in Run.objects.all()}) == 2


@pytest.mark.parametrize("key", ["", "x" * 65, "two words", "clé"])
def test_a_key_is_a_short_ascii_word(api: Api, key: str) -> None:
    assert refused(api.post({"schedule": 7}, Idempotency_Key=key), 400, "bad_request")[0]["field"] == "Idempotency-Key"


def test_a_run_certainly_not_sent_is_503_and_the_same_key_tries_again(api: Api) -> None:
    api.sender.fails = NotSent(unreachable())
    answer = api.post({"schedule": 7}, Idempotency_Key="k")
    refused(answer, 503, "not_sent")
    assert "Nothing was sent" in answer.json()["message"]
    assert "ConnectionRefusedError" in answer.json()["message"]
    api.sender.fails = None
    again = api.post({"schedule": 7}, Idempotency_Key="k")
    assert (again.status_code, Run.objects.count(), len(api.sender.sent)) == (201, 1, 1)


def test_a_run_whose_fate_is_unknown_is_409_with_the_run(api: Api) -> None:
    api.sender.fails = FateUnknown(unreachable("TimeoutError"))
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


@pytest.mark.django_db(transaction=True)
def test_a_run_is_committed_before_it_is_sent_even_with_atomic_requests(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    within: list[bool] = []
    api.sender.meanwhile = lambda: within.append(connection.in_atomic_block)
    assert api.post({"schedule": 7}).status_code == 201
    assert within == [False]


def test_a_run_is_followed_to_its_end_without_a_watcher(api: Api) -> None:
    url = api.post({"schedule": 7}).json()["url"]
    task = TaskId(Run.objects.get().task_id)
    api.outcomes.news = [Outcome(task_id=task, status="PROGRESS", token="1", at=NOW, started_at=NOW, result="2 of 5")]
    running = api.get(url).json()
    assert (running["state"], running["progress"], running["result"]) == ("running", "2 of 5", None)
    end = NOW.replace(second=7)
    api.outcomes.news = [
        Outcome(task_id=task, status="FAILURE", token="2", at=end, result="ValueError: x", traceback="in f")
    ]
    told = api.get(url).json()
    assert (told["state"], told["status"], told["done"], told["duration"]) == ("finished", "FAILURE", True, 7.0)
    assert (told["result"], told["progress"], told["traceback"]) == ("ValueError: x", None, "in f")
    assert told["finished_at"] == "2026-11-05T12:00:07+00:00"


def test_a_run_that_ended_unseen_counts_as_done(api: Api) -> None:
    url = api.post({"schedule": 7}).json()["url"]
    finish.end_unseen(Run.objects.get().pk, Reason(code=Code.NO_RESULTS), now=timezone.now())
    told = api.get(url).json()
    assert (told["state"], told["done"], told["status"]) == ("unseen", True, None)
    assert told["unseen_code"] == "no_results"


def test_a_run_from_slack_can_be_followed_too_with_secrets_masked(api: Api) -> None:
    run = a_run(kwargs='{"api_token": "hunter2"}', target=[["queue", "reports"]], args="[1]")
    told = api.get(f"/api/runs/{run.pk}").json()
    assert (told["kwargs"], told["args"]) == ({"api_token": MASK}, [1])
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
    a_run(schedule_id=7, deadline_at=timezone.now() + timedelta(hours=1))
    told = api.get("/api/schedules/7").json()
    assert (told["args"], told["kwargs"]) == ([], {"days": 7, "region": "EU"})
    assert (told["target"], told["fingerprint"], told["problems"]) == ({"queue": "celery"}, sealed("f1"), [])
    assert told["running"]["run"] == Run.objects.get().pk
    again = {"schedule": told["id"], **{name: told[name] for name in ("args", "kwargs", "fingerprint")}}
    assert api.post(again).json()["changes"] == []


def test_stored_values_that_can_not_be_sent_are_reported(api: Api) -> None:
    schedule = a_schedule(args="[1,", kwargs="")
    api.catalog.schedules = {schedule.id: schedule}
    told = api.get("/api/schedules/7").json()
    assert (told["args"], told["kwargs"], told["problems"][0]["field"]) == (None, {}, "args")


def test_times_are_utc_even_in_a_project_without_time_zones(api: Api, ana: User, settings: Any) -> None:
    settings.USE_TZ = False
    settings.TIME_ZONE = "Europe/Berlin"
    run = start.start(admit(api.platform, an_actor(user=str(ana.pk))), a_request(), Budget())
    told = api.get(f"/api/runs/{run.pk}").json()
    assert told["created_at"].endswith("+00:00")
