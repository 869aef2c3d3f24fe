"""Every system check reports its problem with a hint, and a healthy set-up has no problem."""

import sys
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.urls import clear_url_caches

from bot import conf
from bot.broker import app as broker_app
from bot.broker.outcomes import kinds

APP: Any = Celery("shop", set_as_current=False)
HEALTHY = {"result_backend": "django-db", "result_extended": True, "task_always_eager": False}
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "s"}


@pytest.fixture(autouse=True)
def _anew(settings: Any) -> Any:
    """Sets up a healthy project. Afterwards, clears the cache of options, which are otherwise read once per process."""
    settings.RUNTASK = {"CELERY_APP": "tests.test_checks:APP", **TOKENS}
    APP.conf.update(HEALTHY)
    yield
    conf.conf.cache_clear()


def ours(**kwargs: Any) -> dict[str, CheckMessage]:
    """Runs our checks, and returns their messages by the end of the id."""
    conf.conf.cache_clear()
    found = {str(message.id): message for message in run_checks(**kwargs) if str(message.id).startswith("runtask.")}
    return {name.removeprefix("runtask."): message for name, message in found.items()}


def only(number: str) -> CheckMessage:
    found = ours()
    assert list(found) == [number]
    return found[number]


def test_a_healthy_set_up_has_no_message() -> None:
    assert ours() == {}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("nonsense", "RUNTASK must be a dict of options; it is of type str"),
        (None, "RUNTASK must be a dict of options; it is of type NoneType"),
        ({"DEADLIEN": 5, 7: 8}, "RUNTASK['DEADLIEN'] is not an option"),
        ({"THREADS": "many"}, "RUNTASK_THREADS must be a whole number above 0"),
        ({"THREADS": 2j}, "RUNTASK_THREADS can't be of type complex"),
        ({"SECRET_KEYS": [1, 2]}, "RUNTASK_SECRET_KEYS can't be of type list"),
        ({"KEEP": True}, "RUNTASK_KEEP must be a number of seconds above 0"),
    ],
    ids=str,
)
def test_options_that_can_not_be_read_are_reported(settings: Any, options: Any, problem: str) -> None:
    settings.RUNTASK = options
    message = only("W001")
    assert message.msg.startswith(f"An option can't be read: {problem}")
    assert "docs/configuration.md" in str(message.hint)


@pytest.mark.parametrize("left", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"])
def test_another_token_without_the_bots_token_is_reported(settings: Any, left: str) -> None:
    settings.RUNTASK |= {**dict.fromkeys(TOKENS, " "), left: "xapp-1"}
    assert "Set SLACK_BOT_TOKEN" in str(only("W002").hint)


@pytest.mark.parametrize("tokens", [{}, {"SLACK_BOT_TOKEN": "xoxb-1"}], ids=["a worker", "a notifier"])
def test_missing_tokens_are_not_reported_to_processes_that_need_none(settings: Any, tokens: dict[str, str]) -> None:
    settings.RUNTASK |= {**dict.fromkeys(TOKENS, " "), **tokens}
    assert ours() == {}


def test_announcements_without_a_deliverer_are_reported(settings: Any) -> None:
    settings.RUNTASK |= {"ANNOUNCE": {"*": "C0123456789"}, "SLACK_BOT_TOKEN": " "}
    found = ours()
    assert set(found) == {"W002", "W016"}
    assert "Set SLACK_BOT_TOKEN" in str(found["W016"].hint)
    settings.RUNTASK |= {"ANNOUNCE": {"*": ""}}
    assert set(ours()) == {"W002"}


def test_metrics_that_can_not_be_shown_are_reported(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RUNTASK |= {"METRICS_TOKEN": "0123456789abcdef"}
    assert ours() == {}
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    assert "with the extra `metrics`" in str(only("W020").hint)
    settings.RUNTASK |= {"METRICS_TOKEN": " "}
    assert ours() == {}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("shop.celery:app", "No module named 'shop'"),
        ("tests.test_checks:NONE", "no attribute 'NONE'"),
        ("tests.test_checks:TOKENS", "isn't a Celery app"),
        (":", "Empty module name"),
        ("runtask_broken:app", "SyntaxError"),
        (" ", "the project has no current Celery app"),
    ],
)
def test_a_missing_celery_app_is_reported(settings: Any, monkeypatch: Any, tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "runtask_broken.py").write_text("def app(:")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(broker_app, "_of_main_thread", None)
    monkeypatch.setenv("RUNTASK_CELERY_APP", "")
    settings.RUNTASK |= {"CELERY_APP": name}
    message = only("W003")
    assert why in message.msg
    assert 'RUNTASK = {"CELERY_APP": "shop.celery:app"}' in str(message.hint)


def test_a_celery_app_that_can_not_be_configured_is_reported(settings: Any) -> None:
    settings.RUNTASK |= {"CELERY_APP": "tests.test_checks:unconfigured"}
    assert "its configuration can't be read" in only("W003").msg


unconfigured: Any = Celery("unconfigured", set_as_current=False)
unconfigured.config_from_object("no.such.module")


@pytest.mark.parametrize(
    ("backend", "shown"),
    [
        ("rpc://guest:hunter2@mq.example/1", "'rpc'"),
        ("cache+memory://", "'cache+memory'"),
        (None, "'disabled'"),
        ("no.such:Backend", "'no.such:Backend'"),
    ],
)
def test_results_that_can_not_be_read_are_reported(settings: Any, backend: str | None, shown: str) -> None:
    APP.conf.update(result_backend=backend)
    message = only("W004")
    assert shown in message.msg
    assert "hunter2" not in message.msg
    assert "set RUNTASK_OUTCOMES to none" in str(message.hint)
    settings.RUNTASK = {**settings.RUNTASK, "OUTCOMES": "none"}
    assert ours() == {}, "an operator who sets `none` knows that"


@pytest.mark.parametrize("outcomes", ["auto", "backend"])
def test_memcached_with_a_client_that_unpickles_is_reported(
    settings: Any, monkeypatch: pytest.MonkeyPatch, outcomes: str
) -> None:
    monkeypatch.setattr(kinds, "MEMCACHED_UNPICKLES", True)
    settings.RUNTASK = {**settings.RUNTASK, "OUTCOMES": outcomes}
    APP.conf.update(result_backend="cache+memcached://mq.example")
    message = only("W022")
    assert "The result backend is 'cache+memcached'." in message.msg
    assert "Install Celery 5.7" in str(message.hint)


@pytest.mark.parametrize(
    ("broker", "transport"),
    [
        ("redis://", ""),
        ("amqp://", ""),
        ("memory://", "memory"),
        ("sqs://", "this broker"),
        ("no-such://:hunter2@mq", "this broker"),
    ],
)
def test_events_as_source_need_a_broker_that_has_them(
    settings: Any, monkeypatch: pytest.MonkeyPatch, broker: str, transport: str
) -> None:
    settings.RUNTASK = {**settings.RUNTASK, "OUTCOMES": "events"}
    monkeypatch.setenv("CELERY_BROKER_URL", broker)  # Celery prefers this variable to its settings
    found = ours()
    assert set(found) == ({"W019"} if transport else set())
    assert not transport or f"over {transport}" in found["W019"].msg
    assert all("hunter2" not in message.msg for message in found.values())


@pytest.mark.parametrize("backend", ["redis://:hunter2@mq.example/1", "django-cache", "file:///var/results"])
def test_every_readable_result_backend_is_accepted(backend: str) -> None:
    APP.conf.update(result_backend=backend, result_extended=False)
    assert ours() == {}


@pytest.mark.parametrize(
    ("options", "backend"), [({}, "django-db"), ({"OUTCOMES": "rows"}, "redis://mq.example/1")], ids=["auto", "rows"]
)
def test_rows_as_source_need_the_results_app(settings: Any, options: dict[str, str], backend: str) -> None:
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "django_celery_results"]
    settings.RUNTASK = {**settings.RUNTASK, **options}
    APP.conf.update(result_backend=backend)
    assert "'django_celery_results' to INSTALLED_APPS" in str(only("W006").hint)


def test_a_subclass_of_the_database_backend_is_accepted() -> None:
    APP.conf.update(result_backend="django_celery_results.backends:DatabaseBackend")
    assert ours() == {}


def test_a_missing_extended_result_is_reported() -> None:
    APP.conf.update(result_extended=False)
    assert "CELERY_RESULT_EXTENDED = True" in str(only("W005").hint)


def test_apps_that_are_not_installed_are_reported(settings: Any) -> None:
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "django_celery_beat"]
    assert "'django_celery_beat' to INSTALLED_APPS" in str(only("W006").hint)


def test_pages_that_are_not_included_are_reported(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.test_checks"
    clear_url_caches()
    assert 'path("runtask/", include("bot.urls"))' in str(only("W011").hint)
    settings.RUNTASK |= {"SLACK_SIGNING_SECRET": " ", "BASE_URL": "https://shop.example"}
    assert only("W011").msg.startswith("RUNTASK_BASE_URL is set")
    settings.RUNTASK |= {"BASE_URL": " ", "METRICS_TOKEN": "0123456789abcdef"}
    assert only("W011").msg.startswith("RUNTASK_METRICS_TOKEN is set")


urlpatterns: list[Any] = []


def test_eager_tasks_are_reported() -> None:
    APP.conf.update(task_always_eager=True)
    assert "CELERY_TASK_ALWAYS_EAGER" in str(only("W012").hint)


def test_a_public_address_that_doubles_a_path_is_reported(settings: Any) -> None:
    settings.RUNTASK |= {"BASE_URL": "https://shop.example/slack/"}
    assert "without a path" in str(only("W013").hint)
    settings.RUNTASK |= {"BASE_URL": "https://shop.example/behind/a/proxy"}
    assert ours() == {}


@pytest.mark.parametrize("options", ["nonsense", {"CELERY_APP": "no.such:app"}], ids=str)
def test_no_check_stops_a_command(settings: Any, options: Any) -> None:
    settings.RUNTASK = options
    conf.conf.cache_clear()
    call_command("check")
