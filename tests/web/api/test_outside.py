"""The stand-alone site: what ends a request before it reaches the API is JSON, too, and what isn't the API's is a page."""

import pytest
from django.test import Client

from tests.web.api.conftest import JSON, refused

ELSEWHERE = {"host": "elsewhere.example"}


def test_a_host_that_is_not_ours() -> None:
    refused(Client().get("/api/runs/1", headers=ELSEWHERE), 400, "bad_request")
    page = Client().get("/", headers=ELSEWHERE)
    assert page.status_code == 400
    assert page.headers["Content-Type"] != JSON


def test_an_error_of_a_middleware(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_page_that_is_not_there() -> None:
    page = Client().get("/nothing")
    assert page.status_code == 404
    assert page.headers["Content-Type"] != JSON
    refused(Client().get("/api/nothing"), 404, "not_found")
