"""`/metrics` answers only clients that have the token, in Prometheus' format."""

import logging
import re
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import django
import pytest
from django.core import mail
from django.db import OperationalError
from django.test import Client, override_settings
from django.urls import path, resolve
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.core.ports import NotSetUp
from bot.models import Installation, SourceHealth
from bot.runs import clock
from bot.runs.metrics import PERIOD
from bot.web import exposition, metrics
from tests.audit import filled
from tests.factories import INSTALLATION, a_run
from tests.runs.test_metrics import notice, refusal
from tests.support.admins import ADMINS

pytestmark = pytest.mark.django_db
TOKEN = "Aa0-the-right-token-zZ9"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True, scope="module")
def site() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=(path("metrics", metrics.page(lambda: TOKEN)),)):
        yield


def shown(client: Client, **headers: str) -> dict[str, Metric]:
    """The families of the page by name, as Prometheus' own parser reads them."""
    page = client.get("/metrics", headers={**RIGHT, **headers})
    assert page.status_code == 200
    return {family.name: family for family in text_string_to_metric_families(page.content.decode())}


def nothing_there(client: Client, address: str = "/metrics", **request: Any) -> bool:
    """Says whether the answer is the same as for an unknown address, except for the date."""
    answer, unknown = client.get(address, **request), client.get("/no-such-page")
    assert unknown.status_code == 404
    return all(
        getattr(answer, what) == getattr(unknown, what) for what in ("status_code", "content", "headers", "cookies")
    )


def test_prometheus_reads_every_family_with_its_help(client: Client) -> None:
    a_run(state="finished", status="SUCCESS", deadline_at=clock.now() + PERIOD / 2)
    found = shown(client)
    assert [family.type for family in found.values()] == ["gauge"] * len(found)
    assert all(re.fullmatch(r"runtask_[a-z_]+", name) and family.documentation for name, family in found.items())
    [finished] = [one for one in found["runtask_runs"].samples if one.labels["status"] == "SUCCESS"]
    assert (finished.labels["state"], finished.value) == ("finished", 1)


WRONG = {
    "nothing": "",
    "no token": "Bearer",
    "an empty token": "Bearer ",
    "its beginning": f"Bearer {TOKEN[:-1]}",
    "more than it": f"Bearer {TOKEN}x",
    "another end": f"Bearer {TOKEN[:-1]}X",
    "in small letters": f"Bearer {TOKEN.lower()}",
    "twice": f"Bearer {TOKEN} {TOKEN}",
    "in a list": f"Bearer {TOKEN},{TOKEN}",
    "no blank": f"Bearer{TOKEN}",
    "another scheme": f"Basic {TOKEN}",
    "no scheme": TOKEN,
    "other characters": "Bearer ключ\udcff\x00\r\n",
    "long": "Bearer " + "x" * 100_000,
    "a pattern": "Bearer *",
    "None": "Bearer None",
}


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG)
def test_without_the_token_there_is_no_such_page_and_no_log_has_it(
    client: Client, caplog: pytest.LogCaptureFixture, given: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert nothing_there(client, headers={"Authorization": given})
        assert nothing_there(client, f"/metrics?{urlencode({'token': TOKEN, 'access_token': TOKEN})}")
    said = "".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if record.name != "django.request"
    )
    assert TOKEN not in said
    assert len(given) < 20 or given not in said


def test_a_wrong_token_is_logged_but_not_a_missing_one(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert nothing_there(client)
    assert not [record for record in caplog.records if record.name.startswith("bot")], (
        "a request without a token may be a scanner's"
    )
    assert nothing_there(client, headers={"Authorization": "Bearer no"})
    assert "RUNTASK_METRICS_TOKEN" in caplog.text


def test_the_scheme_bearer_is_read_in_any_case(client: Client) -> None:
    assert client.get("/metrics", headers={"Authorization": f"bearer  {TOKEN} "}).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_the_page_can_only_be_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/metrics").status_code == 404
    assert getattr(client, method)("/metrics", headers=RIGHT).status_code == 405
    assert client.head("/metrics", headers=RIGHT).status_code == 200


def unset() -> str:
    return ""


def unreadable() -> str:
    raise NotSetUp("an option can't be read")


@pytest.mark.parametrize("token", [unset, unreadable])
@pytest.mark.parametrize("given", ["Bearer", "Bearer ", f"Bearer {TOKEN}"])
def test_without_a_configured_token_there_is_no_such_page(
    client: Client, settings: Any, token: Any, given: str
) -> None:
    settings.ROOT_URLCONF = (path("metrics", metrics.page(token)),)
    assert nothing_there(client, headers={"Authorization": given})


def test_tokens_are_compared_in_constant_time(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(given: bytes, expected: bytes) -> bool:
        compared.append((given, expected))
        return True

    monkeypatch.setattr("bot.web.metrics.secrets.compare_digest", compare)
    assert client.get("/metrics", headers={"Authorization": "Bearer no"}).status_code == 200
    assert compared == [(b"no", TOKEN.encode())]


def test_without_the_extra_there_is_no_such_page_and_the_log_says_why(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert nothing_there(client, headers=RIGHT)
    assert "with the extra `metrics`" in caplog.text


def test_a_failing_database_is_answered_with_503_and_no_report_has_the_token(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: Any) -> None:
        raise OperationalError("gone away")

    monkeypatch.setattr(exposition, "measure", fails)
    settings.ADMINS = ADMINS
    answer = client.get("/metrics", headers=RIGHT)
    assert (answer.status_code, answer.content) == (503, b"the database failed")
    [report] = mail.outbox
    assert "/metrics" in report.body
    assert TOKEN not in report.body


@pytest.mark.parametrize(
    "language",
    [{}, {"USE_THOUSAND_SEPARATOR": True, "LANGUAGE_CODE": "de"}, {"USE_I18N": False, "DEBUG": True}],
    ids=["as it is", "german", "debug"],
)
def test_numbers_and_words_do_not_depend_on_the_language(
    client: Client, settings: Any, language: dict[str, Any]
) -> None:
    for name, value in language.items():
        setattr(settings, name, value)
    now = clock.now()
    filled([refusal(at=now, count=1_234_567)])
    Installation.objects.create(key=INSTALLATION, seen_at=now)
    SourceHealth.objects.create(source="rows", answered_at=now)
    page = client.get("/metrics", headers={**RIGHT, "Accept-Language": "de,ar;q=0.5", "Accept": "text/html"})
    assert page.headers["Content-Type"].startswith("text/plain; version=")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.content.isascii()
    assert b'runtask_refusals{kind="not_allowed"} 1.234567e+06\n' in page.content
    assert b'runtask_installation_up{installation="T0001/A0001"} 1.0\n' in page.content
    assert b'runtask_source_lag_seconds{source="rows"} 0.0\n' in page.content


def test_hostile_text_stays_in_its_label(client: Client) -> None:
    hostile = 'T1/A1"} 7\nruntask_runs{state="\\'
    Installation.objects.create(key=hostile, seen_at=clock.now())
    a_run(state="running", status='"} 7\n# HELP')
    found = shown(client)
    assert [one.labels for one in found["runtask_installation_up"].samples] == [{"installation": hostile}]
    assert {one.value for one in found["runtask_runs"].samples} == {0, 1}


def test_the_page_names_no_person_run_or_schedule(client: Client) -> None:
    run = a_run(pk=987_654_321, schedule_id=876_543_210, status="STARTED", state="running")
    notice(run=run, channel="C0SECRET", state="parked", problem='{"code": "no_direct_message", "direct": "U0ADA"}')
    filled([refusal(at=clock.now(), schedule_id=876_543_210, schedule_name="nightly report", run_id=run.pk)])
    text = client.get("/metrics", headers=RIGHT).content.decode()
    for name in (run.pk, run.task_id, run.schedule_id, run.schedule_name, run.task, run.slack_user, "C0SECRET"):
        assert str(name) not in text


def test_the_number_of_lines_is_bounded(client: Client) -> None:
    """All known values of labels have lines. Each installation adds one line."""
    for status in ("SUCCESS", "FAILURE", "made up", "made up, too"):
        a_run(state="running", status=status)
    text = client.get("/metrics", headers=RIGHT).content.decode()
    assert len([line for line in text.splitlines() if not line.startswith("#")]) < 50


def test_metrics_are_read_outside_of_transactions() -> None:
    assert getattr(resolve("/metrics").func, "_non_atomic_requests", set()) >= {"default"}


@pytest.mark.skipif(django.VERSION < (5, 1), reason="Django 5.1 brought LoginRequiredMiddleware")
def test_a_site_that_wants_a_login_everywhere_shows_metrics_by_token(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert client.get("/metrics", headers=RIGHT).status_code == 200
