"""The probes tell a supervisor whether the site works."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import RequestFactory
from django.utils import timezone

from bot.core.model import InstallationId, Source
from bot.core.reasons import Code, Reason
from bot.models import Installation, Notice, Run, SourceHealth
from bot.web import probes
from bot.web.probes import ready
from tests.factories import INSTALLATION, a_run, slack_says

pytestmark = pytest.mark.django_db


class Known:
    problem = ""

    def id(self) -> InstallationId:
        return INSTALLATION


class Unknown:
    problem = "invalid_auth"

    def id(self) -> InstallationId:
        return InstallationId("")


def asked(installation: Any) -> tuple[int, str]:
    answer = ready(lambda: installation, lambda: Source.BACKEND)(RequestFactory().get("/readyz"))
    return answer.status_code, answer.content.decode()


def owed(**fields: Any) -> None:
    defaults = {"run": a_run(), "kind": "root", "rank": 0, "due_at": timezone.now(), "installation": INSTALLATION}
    Notice.objects.create(**{**defaults, **fields})


def test_a_healthy_site_is_ready() -> None:
    owed()
    assert asked(Known())[0] == 200


def test_the_probe_reports_a_platform_whose_database_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "platform" not in asked(Known())[1]
    monkeypatch.setattr(probes, "is_apart", lambda: True)  # as in a sidecar; here, beat's table is in our own database
    assert '"platform": "ok"' in asked(Known())[1]

    def down(execute: Any, sql: str, *rest: Any) -> Any:
        if "django_celery_beat" in sql:
            raise OperationalError("connection refused")
        return execute(sql, *rest)

    with connection.execute_wrapper(down):
        status, text = asked(Known())
    assert status == 503
    assert '"platform": "OperationalError"' in text
    assert '"database": "ok"' in text


def test_the_probe_reports_a_connection_that_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers raise another error for a closed connection than for a server that is down."""

    def closed(*_: Any) -> None:
        raise InterfaceError("connection already closed")

    monkeypatch.setattr(connection, "cursor", closed)
    status, text = asked(Known())
    assert status == 503
    assert '"database": "InterfaceError"' in text


def test_the_probe_reports_a_refused_token() -> None:
    status, text = asked(Unknown())
    assert status == 503
    assert "invalid_auth" in text


def test_the_probe_reports_messages_that_nobody_delivers() -> None:
    owed(due_at=timezone.now() - timedelta(minutes=5))
    status, text = asked(Known())
    assert status == 503
    assert "is a deliverer running?" in text


def test_the_probe_reports_failing_messages_with_the_reason() -> None:
    owed(attempts=5, problem="token_revoked", due_at=timezone.now() + timedelta(seconds=30))
    status, text = asked(Known())
    assert status == 503
    assert "token_revoked" in text


def test_the_probe_reports_results_that_can_not_be_read() -> None:
    why = Reason(code=Code.SOURCE_SILENT, params={"error": "ConnectionError"})
    SourceHealth.objects.create(source="backend", problem=why.dump())
    SourceHealth.objects.create(source="rows", answered_at=timezone.now())
    status, text = asked(Known())
    assert status == 503
    assert "the results can't be read at the moment (ConnectionError)" in text
    SourceHealth.objects.filter(source="backend").update(problem="")
    assert asked(Known())[0] == 200


def test_the_probe_reports_a_token_that_was_refused_to_a_deliverer() -> None:
    """A deliverer may have another token than the site."""
    why = slack_says("token_revoked").dump()
    Installation.objects.create(key=INSTALLATION, seen_at=timezone.now(), problem=why)
    assert asked(Known())[0] == 503
    assert "token_revoked" in asked(Known())[1]


def test_the_probe_reports_parked_messages_for_an_hour() -> None:
    owed(state="parked", problem=slack_says("is_archived").dump())
    assert asked(Known())[0] == 503
    assert "is_archived" in asked(Known())[1]
    Notice.objects.update(due_at=timezone.now() - timedelta(hours=2))
    assert asked(Known())[0] == 200


def test_the_probe_ignores_messages_of_other_installations() -> None:
    owed(installation="T0002/A0002", due_at=timezone.now() - timedelta(minutes=5))
    assert asked(Known())[0] == 200
    status, text = asked(Unknown())
    assert status == 503
    assert "is a deliverer running?" in text, "a site without a token checks the messages of all installations"


def test_the_probe_reports_messages_that_name_no_installation() -> None:
    owed(installation="", due_at=timezone.now() - timedelta(minutes=5))
    assert "RUNTASK_ANNOUNCE" in asked(Known())[1]


def waiting(ago: timedelta, **fields: Any) -> None:
    run = a_run(**{"source": "backend", **fields})
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - ago)


def test_the_probe_reports_results_that_no_watcher_reads() -> None:
    waiting(timedelta(minutes=5))
    status, text = asked(Known())
    assert status == 503
    assert "is a watcher running?" in text
    SourceHealth.objects.create(source="backend", answered_at=timezone.now() - timedelta(minutes=3))
    assert asked(Known())[0] == 503
    SourceHealth.objects.update(answered_at=timezone.now() - timedelta(minutes=1))
    assert asked(Known())[0] == 200


@pytest.mark.parametrize(
    ("minutes", "fields"),
    [(1, {}), (5, {"state": "finished"}), (5, {"state": "overdue"}), (5, {"source": "rows"})],
    ids=["just sent", "ended", "overdue", "another source"],
)
def test_without_awaited_results_no_watcher_is_needed(minutes: int, fields: dict[str, str]) -> None:
    """A site on which no result is due has no problem."""
    waiting(timedelta(minutes=minutes), **fields)
    SourceHealth.objects.create(source="backend", answered_at=timezone.now() - timedelta(hours=1))
    assert asked(Known())[0] == 200
