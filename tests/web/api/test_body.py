"""Mistakes in a body are reported with the field and its place in the body."""

import pytest

from bot.models import Run
from bot.requests import BODY_LIMIT
from tests.factories import a_schedule
from tests.web.api.conftest import Api, refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("body", "field", "place", "words"),
    [
        pytest.param("{,}", "body", (1, 2), "key in double quotes", id="no key"),
        pytest.param('{"schedule": 7,\n "kwargs" {}}', "body", (2, 11), "colon is missing", id="syntax"),
        pytest.param('{"schedule": 7,\n "kwargs": {"days" 30}}', "kwargs", (2, 20), "colon is missing", id="in kwargs"),
        pytest.param('{"schedule": 7,\n\n "args": [1 2]}', "args", (3, 13), "A comma", id="in args"),
        pytest.param('{"schedule": 7, "schedule": 8}', "body", (1, 17), "a second time", id="doubled"),
        pytest.param(
            '{"schedule": 7, "kwargs": {"a": 1, "a": 2}}', "kwargs", (1, 36), "a second time", id="doubled in kwargs"
        ),
        pytest.param('{"schedule": 7, "args": [NaN]}', "args", (1, 26), "NaN isn't JSON", id="NaN"),
        pytest.param('{"schedule": 7, "args": [1e400]}', "args", (1, 26), "too large", id="infinite"),
        pytest.param('{"schedule": 7, "args": ["\\ud800"]}', "args", (1, 26), "half a character", id="surrogate"),
        pytest.param('{"schedule": 7, "args": ' + "[" * 150_000, "args", (1, 124), "nested", id="deep"),
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
def test_a_malformed_body_is_reported_with_field_and_place(
    api: Api, body: str, field: str, place: tuple[int | None, int | None], words: str
) -> None:
    problem = refused(api.post(body), 400, "bad_request")[0]
    assert (problem["field"], (problem["line"], problem["column"])) == (field, place)
    assert words in problem["text"]
    assert not Run.objects.exists()


def test_a_body_that_is_not_utf_8_is_refused(api: Api) -> None:
    assert refused(api.post(b'{"schedule": "\xff"}'), 400, "bad_request")[0]["field"] == "body"


def test_all_mistakes_in_a_body_are_reported_together(api: Api) -> None:
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


def test_problems_of_stored_values_have_no_place_in_the_body(api: Api) -> None:
    schedule = a_schedule(kwargs="{broken")
    api.catalog.schedules = {schedule.id: schedule}
    (problem,) = refused(api.post({"schedule": 7}), 400, "refused")
    assert problem["text"].startswith("As stored: Line 1, column 2")
    assert (problem["field"], problem["line"]) == ("kwargs", None)


@pytest.mark.parametrize("schedule", [8, -1, 10**30])
def test_an_unknown_schedule_is_404(api: Api, schedule: int) -> None:
    (problem,) = refused(api.post({"schedule": schedule}), 404, "not_found")
    assert problem["field"] == "schedule"


def test_a_body_must_be_json_of_limited_size(api: Api) -> None:
    refused(api.post("schedule=7", "application/x-www-form-urlencoded"), 415, "not_json")
    refused(api.post("{}", "text/plain"), 415, "not_json")
    refused(api.post(b" " * (BODY_LIMIT + 1)), 413, "too_large")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"schedule": 7, "args": [' + "NaN, " * 40_000 + "0]}", id="values"),
        pytest.param('{"schedule": 7, ' + ", ".join(f'"{n}": 0' for n in range(15_000)) + "}", id="members"),
        pytest.param('{"schedule": 7, "kwargs": {' + '"a": 0, ' * 20_000 + '"b": 0}}', id="keys"),
    ],
)
def test_of_very_many_mistakes_the_first_are_reported(api: Api, body: str) -> None:
    assert len(refused(api.post(body), 400, "bad_request")) == 20


def test_a_body_longer_than_the_limit_of_arguments_is_not_read(api: Api) -> None:
    refused(api.post('{"schedule": 7, "args": [' + "0," * 100_000 + "0]}"), 400, "refused")
    refused(api.post('{"schedule": 7, "args": [' + "0," * 101_000 + "0]}"), 413, "too_large")


def test_a_body_in_chunks_is_not_taken_for_an_empty_one(api: Api) -> None:
    refused(api.post("", Content_Type="application/json", Transfer_Encoding="chunked"), 411, "no_length")
