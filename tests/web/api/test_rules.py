"""Rules for scripts: refusals have stable codes. A hidden schedule or run gets the same 404 as an unknown one."""

from typing import Any

import pytest

from bot.core.audit import By
from bot.core.entry import Entry
from bot.core.model import ScheduleId
from bot.models import Run
from bot.runs import clock, rulebook
from tests.factories import a_run, a_schedule
from tests.runs.ruled import a_rule, in_force
from tests.web.api.conftest import Api, refused

pytestmark = pytest.mark.django_db
SECRET = a_rule("Finance only", schedules=("nightly*",), see=("finance",))
START = {"schedule": 7, "kwargs": {"days": 3}}


def test_a_hidden_schedule_is_answered_like_an_unknown_one(api: Api) -> None:
    run = a_run(state="finished")
    in_force(SECRET)
    absent = run.pk + 1
    auth = {"Authorization": f"Bearer {api.token}"}

    def both(hidden: Any, other: Any, shown: tuple[object, object]) -> None:
        assert (hidden.status_code, other.status_code) == (404, 404)
        assert hidden.content.decode().replace(str(shown[0]), "N") == other.content.decode().replace(str(shown[1]), "N")

    both(api.get("/api/schedules/7"), api.get("/api/schedules/9"), (7, 9))
    both(api.get(f"/api/runs/{run.pk}"), api.get(f"/api/runs/{absent}"), (run.pk, absent))
    for verb in ("stop", "again"):
        one, other = (api.client.post(f"/api/runs/{pk}/{verb}", b"", "", headers=auth) for pk in (run.pk, absent))
        both(one, other, (run.pk, absent))
    both(api.post({"schedule": 7}), api.post({"schedule": 9}), (7, 9))
    both(api.post({"schedule": "nightly report"}), api.post({"schedule": "nightly repork"}), ("", ""))
    assert api.get("/api/schedules").json() == {"total": 0, "schedules": []}
    assert api.sender.sent == []


def test_the_key_of_a_run_that_is_hidden_now_reveals_nothing(api: Api) -> None:
    assert api.post(START, Idempotency_Key="k").status_code == 201
    in_force(SECRET)
    api.catalog.schedules[ScheduleId(8)] = a_schedule(id=ScheduleId(8), name="Weekly")
    assert refused(api.post(START, Idempotency_Key="k"), 404, "not_found")
    told = api.post({"schedule": 8}, Idempotency_Key="k")
    assert "run" not in told.json()
    assert len(api.sender.sent) == 1


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        (a_rule("R", run=("ops",)), 403, "rule"),
        (a_rule("R", entries=(Entry.SLACK,)), 403, "rule"),
        (a_rule("R", closed=("00:00-24:00 UTC",)), 409, "closed"),
    ],
)
def test_refusals_have_codes_and_name_their_rule(api: Api, rule: Any, status: int, code: str) -> None:
    in_force(rule)
    answer = api.post(START)
    refused(answer, status, code)
    assert answer.json()["rule"] == "R"
    assert api.get("/api/schedules/7").json()["refused"]["code"] == answer.json()["reason"]


def test_one_at_a_time_names_the_run(api: Api) -> None:
    in_force(a_rule("R", one_at_a_time=True))
    first = api.post(START, Idempotency_Key="a")
    answer = api.post(START, Idempotency_Key="b")
    refused(answer, 409, "busy")
    assert answer.json()["run"] == first.json()["run"]
    assert api.post(START, Idempotency_Key="a").status_code == 200


def test_a_pause_refuses_runs_with_409(api: Api) -> None:
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    refused(api.post(START), 409, "paused")


def test_a_reason_is_a_member_of_the_body(api: Api) -> None:
    in_force(a_rule("R", reason=True))
    assert api.get("/api/schedules/7").json()["needs_reason"] is True
    (problem,) = refused(api.post(START), 400, "refused")
    assert (problem["field"], problem["code"]) == ("reason", "reason_missing")
    answer = api.post({**START, "reason": "month's end"})
    assert answer.json()["reason"] == "month's end"
    (problem,) = refused(api.post({**START, "reason": 7}), 400, "bad_request")
    assert problem["field"] == "reason"


def test_arguments_that_a_rule_forbids_are_reported_at_their_member(api: Api) -> None:
    in_force(a_rule("R", arguments={"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]}))
    for body, field in (
        ({"kwargs": {"days": 99}}, "kwargs"),
        ({"kwargs": {}}, "kwargs"),
        ({"args": [99], "kwargs": {}}, "args"),
    ):
        (problem,) = refused(api.post({"schedule": 7, **body}), 400, "refused")
        assert problem["field"] == field
    assert api.post(START).status_code == 201
    assert Run.objects.count() == 1


def test_a_run_that_waits_for_approval_is_answered_as_accepted(api: Api) -> None:
    in_force(a_rule("Four eyes", approvals=2, approvers=("leads",)))
    shown = api.get("/api/schedules/7").json()
    assert (shown["refused"], shown["approvals"]) == (
        None,
        [{"rule": "Four eyes", "needed": 2, "approvers": ["leads"]}],
    )
    answer = api.post(START, Idempotency_Key="k")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["state"], body["done"], body["sent_at"]) == ("waiting", False, None)
    assert body["approval"]["needs"] == shown["approvals"]
    assert body["approval"]["until"]
    assert api.post(START, Idempotency_Key="k").json()["run"] == body["run"]
    Run.objects.update(state="lapsed")
    later = api.get(f"/api/runs/{body['run']}").json()
    assert (later["state"], later["done"], later["approval"]["until"]) == ("lapsed", True, None)
    assert api.sender.sent == []


@pytest.mark.parametrize("verb", ["approve", "decline"])
def test_no_token_approves_or_declines(api: Api, verb: str) -> None:
    in_force(a_rule("Four eyes", approvals=1))
    run = api.post(START).json()["run"]
    headers = {"Authorization": f"Bearer {api.token}"}
    answer = api.client.post(f"/api/runs/{run}/{verb}", b"", "", headers=headers)
    refused(answer, 403, "not_allowed")
    assert answer.json()["reason"] == "not_by_api"
    assert api.client.post(f"/api/runs/{run + 1}/{verb}", b"", "", headers=headers).status_code == 404
    assert Run.objects.get().state == "waiting"


def test_a_reason_with_a_character_that_no_database_takes_is_kept_without_it(api: Api) -> None:
    assert api.post({"schedule": 7, "reason": "end of\0month"}).status_code == 201
    assert Run.objects.get().reason == "end of\N{REPLACEMENT CHARACTER}month"
