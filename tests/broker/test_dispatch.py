"""A message is built from a row in the same way as in beat."""

import json
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from bot.broker.catalog import BeatCatalog
from bot.broker.dispatch import dispatch
from bot.compat import NAME_IS_HEADER
from bot.core.model import Field, ScheduleId
from bot.core.options import REQUESTER_HEADER
from bot.core.reasons import Code, Invalid
from tests.factories import NOW, TASK_ID, a_row, a_schedule

LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)


def options(headers: str = "", **columns: Any) -> dict[str, Any]:
    """The options of a message. With an older beat, moves the schedule's name to the headers, where beat 2.8 and later send it."""
    what = dispatch(a_schedule(headers=headers, columns=columns), TASK_ID, [1], {"a": 2}, requester="ada", now=NOW)
    assert (what.task_id, what.task, what.args, what.kwargs) == (TASK_ID, "reports.tasks.nightly", [1], {"a": 2})
    found = dict(what.options)
    if not NAME_IS_HEADER:
        found["headers"] = {**found["headers"], "periodic_task_name": found.pop("periodic_task_name")}
    return found


def test_a_plain_row_is_sent_with_only_its_name_and_the_requester_as_headers() -> None:
    headers = {"periodic_task_name": "nightly report", REQUESTER_HEADER: "ada"}
    assert options() == {"headers": headers}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"queue": "slow"}, {"queue": "slow"}, id="queue"),
        pytest.param({"exchange": "e", "routing_key": "r"}, {"exchange": "e", "routing_key": "r"}, id="exchange"),
        pytest.param({"priority": 0}, {"priority": 0}, id="priority zero"),
        pytest.param({"priority": 9}, {"priority": 9}, id="priority"),
        pytest.param({"expires": LATER}, {"expires": LATER}, id="expires"),
        pytest.param({"expires": EARLIER}, {}, id="expires in the past: left out, the worker would revoke it"),
        pytest.param({"expires": NOW}, {}, id="expires now"),
        pytest.param({"expire_seconds": 60}, {"expires": 60}, id="expires after"),
        pytest.param({"expire_seconds": 0}, {}, id="0 means that it never expires, as in beat"),
        pytest.param(
            {"expires": LATER, "expire_seconds": 60},
            {"expires": LATER},
            id="`expires` wins over `expire_seconds`, as in beat",
        ),
    ],
)
def test_each_option_comes_from_the_row(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    found = options(**changes)
    del found["headers"]
    assert found == expected


def test_the_rows_headers_are_sent_but_can_not_replace_ours() -> None:
    given = {"X-Tenant": "acme", "periodic_task_name": "forged", REQUESTER_HEADER: "forged"}
    assert options(headers=json.dumps(given))["headers"] == {
        "X-Tenant": "acme",
        "periodic_task_name": "nightly report",
        REQUESTER_HEADER: "ada",
    }


@pytest.mark.parametrize("headers", ["{", " ", "[]", "7", "null", '"x"', "[" * 100_000])
def test_headers_that_are_no_object_are_reported_to_the_person(headers: str) -> None:
    with pytest.raises(Invalid) as caught:
        options(headers=headers)
    (problem,) = caught.value.problems
    assert problem.field is Field.SCHEDULE
    assert problem.code is Code.HEADERS_NOT_AN_OBJECT


@pytest.mark.parametrize("headers", ['{"x": NaN}', '{"x": [1e999]}', '{"x": "\\u0000"}', '{"\\ud800": 1}'])
def test_headers_that_not_every_database_can_store_are_reported_too(headers: str) -> None:
    with pytest.raises(Invalid, match=Code.HEADERS_NOT_STORABLE):
        options(headers=headers)


def test_headers_with_an_escaped_backslash_before_u0000_are_sent() -> None:
    assert options(headers='{"x": "\\\\u0000"}')["headers"]["x"] == "\\u0000"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"queue": "slow", "priority": 0, "headers": '{"X-Tenant": "acme"}'},
        {"exchange": "e", "routing_key": "r", "priority": 9, "expire_seconds": 60},
        {"expires": timezone.now() + timedelta(days=1)},
        {"queue": "", "exchange": ""},
        {"args": '["x"]', "kwargs": '{"days": 7}'},
    ],
    ids=["plain", "queue", "exchange", "expires", "blank", "arguments"],
)
def test_beats_own_entry_has_the_same_options(fields: dict[str, Any]) -> None:
    app = Celery("platform", set_as_current=False)
    row = a_row(**fields)
    schedule = BeatCatalog(app).get(ScheduleId(row.pk))
    assert schedule is not None
    beat = ModelEntry(PeriodicTask.objects.get(pk=row.pk), app=app)
    what = dispatch(schedule, TASK_ID, beat.args, beat.kwargs, requester="ada", now=timezone.now())
    headers = {name: value for name, value in what.options["headers"].items() if name != REQUESTER_HEADER}
    assert {**what.options, "headers": headers} == beat.options
