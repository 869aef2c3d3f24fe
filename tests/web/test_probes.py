"""The probes tell a supervisor the truth."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
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


def asked(workspace: Any) -> tuple[int, str]:
    answer = ready(lambda: workspace, lambda: Source.BACKEND)(RequestFactory().get("/readyz"))
    return answer.status_code, answer.content.decode()


def owed(**fields: Any) -> None:
    defaults = {"run": a_run(), "kind": "root", "rank": 0, "due_at": timezone.now(), "installation": INSTALLATION}
    Notice.objects.create(**{**defaults, **fields})


def test_all_is_well() -> None:
    owed()
    assert asked(Known())[0] == 200


def test_a_platform_whose_database_is_down_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "platform" not in asked(Known())[1]
    monkeypatch.setattr(probes, "is_apart", lambda: True)  # a sidecar; here, beat's table is in our own database
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


def test_a_refused_token_is_told() -> None:
    status, text = asked(Unknown())
    assert status == 503
    assert "invalid_auth" in text


def test_messages_that_nobody_delivers_are_told() -> None:
    owed(due_at=timezone.now() - timedelta(minutes=5))
    status, text = asked(Known())
    assert status == 503
    assert "is a deliverer running?" in text


def test_messages_that_fail_are_told_with_the_reason() -> None:
    owed(attempts=5, problem="token_revoked", due_at=timezone.now() + timedelta(seconds=30))
    status, text = asked(Known())
    assert status == 503
    assert "token_revoked" in text


def test_results_that_can_not_be_read_are_told() -> None:
    why = Reason(code=Code.SOURCE_SILENT, params={"error": "ConnectionError"})
    SourceHealth.objects.create(source="backend", problem=why.dump())
    SourceHealth.objects.create(source="rows", answered_at=timezone.now())
    status, text = asked(Known())
    assert status == 503
    assert "the results can't be read at the moment (ConnectionError)" in text
    SourceHealth.objects.filter(source="backend").update(problem="")
    assert asked(Known())[0] == 200


def test_what_deliverers_know_of_our_installation_is_told() -> None:
    """Their token may be another one than ours."""
    why = slack_says("token_revoked").dump()
    Installation.objects.create(key=INSTALLATION, seen_at=timezone.now(), problem=why)
    assert asked(Known())[0] == 503
    assert "token_revoked" in asked(Known())[1]


def test_messages_that_were_given_up_are_news_for_an_hour() -> None:
    owed(state="parked", problem=slack_says("is_archived").dump())
    assert asked(Known())[0] == 503
    assert "is_archived" in asked(Known())[1]
    Notice.objects.update(due_at=timezone.now() - timedelta(hours=2))
    assert asked(Known())[0] == 200


def test_messages_of_other_installations_are_not_ours() -> None:
    owed(installation="T0002/A0002", due_at=timezone.now() - timedelta(minutes=5))
    assert asked(Known())[0] == 200
    status, text = asked(Unknown())
    assert status == 503
    assert "is a deliverer running?" in text, "also where none has ever been running"


def test_messages_that_name_no_installation_are_told() -> None:
    owed(installation="", due_at=timezone.now() - timedelta(minutes=5))
    assert "RUNTASK_ANNOUNCE" in asked(Known())[1]


def waiting(ago: timedelta, **fields: Any) -> None:
    run = a_run(**{"source": "backend", **fields})
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - ago)


def test_results_that_nobody_looks_for_are_told() -> None:
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
    ids=["just sent", "ended", "overdue", "elsewhere"],
)
def test_where_no_result_is_awaited_nobody_has_to_look(minutes: int, fields: dict[str, str]) -> None:
    """As with messages: a site on which nothing is due has no problem."""
    waiting(timedelta(minutes=minutes), **fields)
    SourceHealth.objects.create(source="backend", answered_at=timezone.now() - timedelta(hours=1))
    assert asked(Known())[0] == 200
