"""Findings of each area about rows, users, versions and configurations."""

import re
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from packaging.specifiers import SpecifierSet

from bot import wiring
from bot.broker.outcomes import kinds
from bot.checks.table import CHECKS, Check
from bot.conf import Conf
from bot.doctor import results, schedules, secret, setup, slack, workers
from bot.doctor.areas import areas
from bot.doctor.findings import Finding, Level
from bot.doctor.subject import Subject
from bot.slack.manifest import WANTED
from tests.factories import a_result, a_row


def subject(**changes: Any) -> Subject:
    return Subject(**{"conf": Conf(), "app": wiring.celery_app(), "complaints": {}, **changes})


def told(findings: Any) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


@pytest.mark.django_db
@pytest.mark.parametrize("check", [check for check in CHECKS if check.area != "Database"], ids=lambda check: check.id)
def test_every_system_check_is_shown_in_its_area(check: Check) -> None:
    complaint = check.message(**dict.fromkeys(re.findall(r"(?<!{){(\w+)}", check.text + check.hint), "something"))
    app = None if check.id == "W003" else wiring.celery_app()
    seen = subject(complaints={check.id: (complaint,)}, app=app)
    assert any(finding.found == complaint.msg for finding in areas(seen)[check.area]())


def test_a_project_without_an_admin_gets_a_note(settings: Any) -> None:
    assert "admin" not in told(setup.settings(subject()))
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "django.contrib.admin"]
    assert told(setup.settings(subject()))["admin"].level is Level.NOTE


def test_a_version_outside_the_range_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "supported", lambda: {"Django": SpecifierSet(">=99"), "slack-bolt": SpecifierSet(">=1")})
    found = told(setup.versions(subject()))
    assert found["Django"].level is Level.WARNING
    assert found["Django"].remedy == "pip install 'Django>=99'"
    assert "slack-bolt" not in found


def test_every_scope_of_the_manifest_has_a_text_about_what_needs_it() -> None:
    assert set(slack.WITHOUT) == WANTED


@pytest.mark.parametrize(
    ("granted", "level", "says"),
    [
        (WANTED, Level.OK, "all 14"),
        (WANTED - {"im:history"}, Level.WARNING, "missing: im:history"),
        (WANTED - {"commands", "im:write"}, Level.PROBLEM, "missing: commands (the slash command); im:write"),
    ],
)
def test_scopes_are_compared_with_the_manifest(granted: frozenset[str], level: Level, says: str) -> None:
    (finding,) = slack.scopes(granted)
    assert finding.level is level
    assert says in finding.found


def test_more_scopes_than_needed_are_noted() -> None:
    assert [finding.level for finding in slack.scopes(WANTED | {"files:write"})] == [Level.OK, Level.NOTE]


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (None, Level.OK),
        (timedelta(days=1), Level.OK),
        (86_400, Level.OK),
        (1800, Level.WARNING),
        (timedelta(seconds=60), Level.PROBLEM),
    ],
)
def test_results_that_expire_too_soon_to_be_read_are_reported(value: Any, level: Level) -> None:
    assert results.expiry(value, is_automatic=True).level is level


@pytest.mark.parametrize(
    ("scheduler", "level"),
    [
        ("django_celery_beat.schedulers:DatabaseScheduler", Level.OK),
        ("django", Level.OK),
        ("tests.doctor.test_parts:OwnScheduler", Level.OK),
        ("celery.beat:PersistentScheduler", Level.NOTE),
        ("no.such:Scheduler", Level.NOTE),
    ],
)
@pytest.mark.django_db
def test_only_the_scheduler_of_django_celery_beat_and_its_subclasses_are_accepted(scheduler: str, level: Level) -> None:
    app = Celery("shop", set_as_current=False)
    app.conf.beat_scheduler = scheduler
    assert told(schedules.schedules(subject(app=app)))["scheduler"].level is level


class OwnScheduler(DatabaseScheduler):  # type: ignore[misc]  # beat has no types
    pass


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("CELERY", "CELERY_TASK_TRACK_STARTED"), ("JOBS", "JOBS_TASK_TRACK_STARTED"), (None, "CELERY_TRACK_STARTED")],
)
def test_a_setting_is_named_with_the_prefix_that_the_app_reads(namespace: str | None, name: str) -> None:
    app = Celery("shop", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace=namespace)
    assert results.track_started(app) == f"{name} = True"


@pytest.mark.django_db
def test_no_setting_of_django_is_named_for_an_app_that_reads_none() -> None:
    app = Celery("tasks", broker="memory://", backend="cache+memory://", set_as_current=False)
    assert "task_track_started to True in the configuration of this Celery app" in results.track_started(app)
    found = told(schedules.schedules(subject(app=app)))["scheduler"]
    assert (found.found.partition(":")[0], found.remedy) == ("not known", "")


def test_secrets_are_found_in_options_settings_and_addresses(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = ["of-yesterday"]
    app = Celery("shop", set_as_current=False)
    app.conf.update(broker_url="amqp://u:pa%2Fss@a//;amqp://u:second@b//", result_backend="db+mysql://u:third@c/d")
    known = secret.known(Conf(bot_token="xoxb-1", app_token="x", metrics_token="for-prometheus"), app)
    assert {"pa%2Fss", "pa/ss", "second", "third", "xoxb-1", "for-prometheus", "of-yesterday"} <= set(known)
    assert "x" not in known
    assert secret.hide("amqp://u:pa%2Fss@a and xoxb-1", known) == "amqp://u:***@a and ***"


@pytest.mark.django_db
def test_the_tasks_of_live_workers_are_compared_with_the_schedules() -> None:
    a_row("known", task="shop.known")
    a_row("unknown", task="shop.unknown")
    a_row("off", task="shop.off", enabled=False)
    database_backend = "<django_celery_results.backends.database.DatabaseBackend object at 0x7f>"
    answers = {
        "a": [f"shop.known [backend={database_backend}]", "shop.bare"],
        "b": ["shop.known [backend=<celery.backends.redis.RedisBackend object at 0x7f>]"],
        "c": ["shop.known [backend=<shop.results.Both object at 0x7f>]"],
    }
    assert [(finding.level, finding.found) for finding in workers.registered(answers, kinds.ROWS)] == [
        (Level.WARNING, "no live worker knows shop.unknown"),
        (Level.PROBLEM, "b keeps them in celery.backends.redis.RedisBackend"),
        (Level.WARNING, "c keeps them in shop.results.Both"),
    ]
    PeriodicTask.objects.filter(name="unknown").delete()
    assert next(iter(workers.registered(answers, kinds.ROWS))).level is Level.OK


@pytest.mark.django_db
def test_results_without_names_are_reported_as_a_setting_of_the_workers() -> None:
    a_result("t1", task_name=None)
    assert told(results.results(subject()))["result_extended"].level is Level.WARNING
    a_result("t2", task_name="shop.known")
    assert told(results.results(subject()))["result_extended"].level is Level.OK
