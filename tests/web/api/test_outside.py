"""On the stand-alone site, errors outside the API's views are JSON for the API's addresses, and pages elsewhere."""

import pytest
from django.test import Client

from tests.web.api.conftest import JSON, refused

ELSEWHERE = {"host": "elsewhere.example"}


def test_a_wrong_host_is_answered_in_json() -> None:
    refused(Client().get("/api/runs/1", headers=ELSEWHERE), 400, "bad_request")
    page = Client().get("/", headers=ELSEWHERE)
    assert page.status_code == 400
    assert page.headers["Content-Type"] != JSON


def test_an_error_of_a_middleware_is_answered_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    client = Client(raise_request_exception=False)
    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", broken)
    answer = client.get("/api/runs/1")
    refused(answer, 500, "internal_error")
    assert "secret" not in answer.content.decode()
    page = client.get("/")
    assert page.status_code == 500
    assert page.headers["Content-Type"] != JSON


@pytest.mark.django_db
def test_an_unknown_page_is_answered_by_a_page() -> None:
    page = Client().get("/nothing")
    assert page.status_code == 404
    assert page.headers["Content-Type"] != JSON
    refused(Client().get("/api/nothing"), 404, "not_found")
