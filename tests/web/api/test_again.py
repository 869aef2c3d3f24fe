"""Scripts run a run again: with its values, or with others."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bot.core.model import ScheduleId
from bot.core.scrub import MASK
from bot.models import Run
from bot.runs import cleanup
from bot.web import tokens
from tests.factories import a_run, a_schedule
from tests.web.api.conftest import JSON, Api, refused

pytestmark = pytest.mark.django_db
SENT = {"days": 30, "region": "EU", "api_token": "of-that-run"}


@pytest.fixture
def run(api: Api, ana: User) -> Run:
    kwargs = '{"days": 30, "region": "EU", "api_token": "of-that-run"}'
    return a_run(state="finished", status="FAILURE", finished_at=timezone.now(), kwargs=kwargs, user=ana)


def again(api: Api, run: int, body: Any = None, **headers: str) -> Any:
    headers = {"Authorization": f"Bearer {api.token}", **headers}
    return api.client.post(f"/api/runs/{run}/again", body or "", JSON if body else "", headers=headers)


def test_run_again_sends_the_values_of_the_run(api: Api, run: Run) -> None:
    answer = again(api, run.pk)
    assert answer.status_code == 201, answer.content
    assert api.sender.sent[0].kwargs == SENT
    new = Run.objects.latest("pk")
    assert answer.headers["Location"] == f"http://testserver/api/runs/{new.pk}"
    assert (answer.json()["run"], answer.json()["requester"]) == (new.pk, "ana")
    assert answer.json()["kwargs"] == {**SENT, "api_token": MASK}


def test_no_body_is_needed_behind_a_server_that_passes_an_empty_length(api: Api, run: Run) -> None:
    """uWSGI does so. PEP 3333 says that CONTENT_LENGTH may be empty or absent."""
    headers = {"Authorization": f"Bearer {api.token}"}
    answer = api.client.generic("POST", f"/api/runs/{run.pk}/again", b"", "", headers=headers, CONTENT_LENGTH="")
    assert answer.status_code == 201, answer.content


def test_a_body_may_have_other_values_and_masks_are_secrets_of_the_run(api: Api, run: Run) -> None:
    body = f'{{"kwargs": {{"days": 31, "api_token": "{MASK}"}}, "args": []}}'
    assert again(api, run.pk, body).status_code == 201
    assert api.sender.sent[0].kwargs == {"days": 31, "api_token": "of-that-run"}


@pytest.mark.parametrize(
    "body", ["", '{"args": ["db.evil.example"]}', f'{{"kwargs": {{"host": "db.evil.example", "api_token": "{MASK}"}}}}']
)
def test_a_secret_that_somebody_else_typed_is_not_sent(api: Api, run: Run, body: str) -> None:
    api.token = tokens.issue(User.objects.create_user("ben", is_staff=True), "CI")[1]
    (problem,) = refused(again(api, run.pk, body), 400, "refused")
    assert (problem["field"], problem["code"]) == ("kwargs", "mask_foreign")
    assert "At api_token, •••••• stands for a secret of somebody else's run" in problem["text"]
    assert api.sender.sent == []
    api.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs='{"api_token": "of-that-run"}')
    assert again(api, run.pk).status_code == 201, "the schedule stores the same secret"
    assert api.sender.sent[0].kwargs == SENT


def test_the_same_key_starts_one_run_and_stands_for_one_request(api: Api, run: Run) -> None:
    other = a_run(state="finished", kwargs=run.kwargs, user=run.user)
    first, second = (again(api, run.pk, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["run"] == second.json()["run"]
    refused(again(api, run.pk, '{"args": []}', **{"Idempotency-Key": "k"}), 409, "key_taken")
    refused(again(api, other.pk, **{"Idempotency-Key": "k"}), 409, "key_taken")
    refused(api.post({"schedule": 7}, Idempotency_Key="k"), 409, "key_taken")
    assert len(api.sender.sent) == 1


def test_the_fingerprint_is_of_the_schedule(api: Api, run: Run) -> None:
    fingerprint = api.get("/api/schedules/7").json()["fingerprint"]
    assert again(api, run.pk, f'{{"fingerprint": "{fingerprint}"}}').status_code == 201
    refused(again(api, run.pk, '{"fingerprint": "f0"}'), 409, "changed")


def test_a_run_that_can_not_be_repeated_is_refused(api: Api, run: Run) -> None:
    refused(again(api, run.pk + 1), 404, "not_found")
    (problem,) = refused(again(api, run.pk, '{"schedule": 7}'), 400, "bad_request")
    assert problem["text"] == "There is no member 'schedule'; there are args, kwargs, fingerprint, reason."
    refused(again(api, run.pk, "[]"), 400, "bad_request")
    Run.objects.filter(pk=run.pk).update(kwargs='{"dys": 1}')
    (problem,) = refused(again(api, run.pk), 400, "refused")
    assert problem["text"].startswith("As that run sent it: Unknown argument")
    assert refused(again(api, run.pk + 1), 404, "not_found") == []
    api.catalog.schedules.clear()
    Run.objects.filter(pk=run.pk).update(user=None)
    assert refused(again(api, run.pk), 404, "not_found") == []  # without a schedule, only its requester sees the run
    Run.objects.filter(pk=run.pk).update(user=User.objects.get())
    (problem,) = refused(again(api, run.pk), 404, "not_found")
    assert (problem["field"], problem["code"]) == ("schedule", "gone")
    assert api.sender.sent == []


def test_only_staff_may_run_again(api: Api, run: Run) -> None:
    api.catalog.schedules[ScheduleId(7)] = a_schedule()
    api.token = tokens.issue(User.objects.create_user("ben"), "CI")[1]
    refused(again(api, run.pk), 403, "not_allowed")
    api.token = ""
    refused(api.client.post(f"/api/runs/{run.pk}/again"), 401, "no_token")
    assert api.sender.sent == []


def test_values_that_have_been_deleted_are_null_and_are_not_sent(api: Api, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(**cleanup.EMPTY, values_deleted_at=timezone.now())
    shown = api.get(f"/api/runs/{run.pk}").json()
    assert (shown["args"], shown["kwargs"], shown["result"], shown["status"]) == (None, None, "", "FAILURE")
    assert shown["values_deleted_at"] is not None
    assert refused(again(api, run.pk, '{"args": [], "kwargs": {}}'), 409, "values_deleted") == []
    assert api.sender.sent == []
