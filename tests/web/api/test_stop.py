"""`POST api/runs/ID/stop`."""

from datetime import timedelta
from typing import Any

import pytest

from bot.core.reasons import Code, Reason
from bot.core.stops import Way
from bot.models import Run
from bot.runs import clock
from tests.factories import a_run
from tests.web.api.conftest import JSON, Api, refused

pytestmark = pytest.mark.django_db


def sent(**fields: Any) -> Run:
    return a_run(**{"deadline_at": clock.now() + timedelta(hours=1), **fields})


def press(api: Api, run: int, body: str = "", content_type: str = JSON) -> Any:
    headers = {"Authorization": f"Bearer {api.token}"}
    return api.client.post(f"/api/runs/{run}/stop", body, content_type, headers=headers)


@pytest.mark.parametrize("body", ["", "{}", '{"kill": false}'])
def test_a_stop_is_answered_with_the_run(api: Api, body: str) -> None:
    run = sent()
    answer = press(api, run.pk, body)
    assert answer.status_code == 200
    said = answer.json()
    assert (said["run"], said["state"], said["done"]) == (run.pk, "sent", False)
    assert (said["stop"], said["stopped_by"]) == ("waits", "ana")
    assert said["stop_asked_at"]
    assert said["stop_text"].startswith("ana asked to stop it.")
    assert api.stopper.told == [([run.task_id], Way.REVOKE)]


def test_a_run_that_nobody_stopped_says_so(api: Api) -> None:
    said = api.get(f"/api/runs/{sent().pk}").json()
    assert [said[name] for name in ("stop", "stop_text", "stop_asked_at", "stopped_by")] == [None] * 4


def test_terminating_is_refused_unless_the_site_allows_it(api: Api) -> None:
    run = sent()
    refused(answer := press(api, run.pk, '{"kill": true}'), 403, "not_allowed")
    assert answer.json()["reason"] == "no_kill"
    api.may_kill = True
    assert press(api, run.pk, '{"kill": true}').json()["stop"] == "terminating"


def test_a_stop_of_an_ended_run_is_answered_with_its_end(api: Api) -> None:
    run = sent(state="finished", status="SUCCESS")
    refused(answer := press(api, run.pk), 409, "ended")
    assert (answer.json()["run"], answer.json()["state"]) == (run.pk, "finished")


def test_without_remote_control_a_stop_is_refused_with_the_reason(api: Api) -> None:
    api.stopper.hindrance = Reason(code=Code.REMOTE_CONTROL_OFF)
    refused(answer := press(api, sent().pk), 409, "cant_stop")
    assert answer.json()["reason"] == "remote_control_off"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ('{"kill": 1}', JSON, 400, "bad_request"),
        ('{"Kill": true}', JSON, 400, "bad_request"),
        ('{"kill": true, "kill": false}', JSON, 400, "bad_request"),
        ("[]", JSON, 400, "bad_request"),
        ("kill=1", "application/x-www-form-urlencoded", 415, "not_json"),
    ],
)
def test_a_malformed_request_stops_nothing(api: Api, body: str, content_type: str, status: int, code: str) -> None:
    refused(press(api, sent().pk, body, content_type), status, code)
    assert api.stopper.told == []


def test_an_unknown_run_is_404(api: Api) -> None:
    refused(press(api, 999999), 404, "not_found")
