"""`runtask doctor` as an operator types it, beside the local Slack, with a broker in memory."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from bot import conf, wiring
from bot.doctor import slack as slack_area
from bot.doctor import workers
from bot.doctor.findings import Level
from bot.management.commands.runtask_doctor import as_typed_here
from bot.slack.manifest import OPTIONAL, manifest
from localslack.testing import LocalSlack
from tests.wire.conftest import http_bot, schedule, slack, worker, workspace  # noqa: F401  # fixtures

Json = dict[str, Any]


def doctor() -> tuple[int, dict[str, Json]]:
    """Runs doctor, and returns the exit code and the last finding about each thing."""
    conf.conf.cache_clear()
    out, code = StringIO(), 0
    try:
        call_command("runtask_doctor", "--json", stdout=out)
    except SystemExit as end:
        code = int(str(end.code))
    return code, {found["what"]: found for found in json.loads(out.getvalue())["findings"]}


def screen() -> str:
    conf.conf.cache_clear()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("runtask_doctor", stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shortens the wait for workers, because none runs."""
    if "worker" not in request.fixturenames:
        monkeypatch.setattr(workers, "WITHIN", 0.1)


def test_a_healthy_set_up_ends_with_0(
    http_bot: LocalSlack,  # noqa: F811
    worker: None,  # noqa: F811
    schedule: Any,  # noqa: F811
    live_server: Any,
    settings: Any,
) -> None:
    User.objects.create_user("ana", "ana@example.com", is_staff=True)
    schedule()
    settings.RUNTASK |= {"BASE_URL": live_server.url}
    code, found = doctor()
    bad = [one for one in found.values() if one["level"] == "problem"]
    assert (code, bad) == (0, [])
    assert found["bot token"]["found"] == "valid: runtask in Local (T0LOCAL)"
    assert found["scopes"]["level"] == "ok"
    assert found["Socket Mode"]["level"] == "ok"
    assert found["broker"]["found"] == "memory answers"
    assert found["workers"]["found"].startswith("1 alive: ")
    assert found["queues"]["level"] == "ok"
    assert "Slack delivers to https only" in found["HTTP mode"]["found"]


def test_a_refusal_by_slack_is_shown_with_slacks_own_code(slack: LocalSlack, settings: Any) -> None:  # noqa: F811
    settings.RUNTASK |= {"SLACK_BOT_TOKEN": "xoxb-hunter2", "SLACK_APP_TOKEN": slack.bot_token}
    code, found = doctor()
    assert code == 1
    assert found["bot token"]["found"] == "Slack says invalid_auth"
    assert "SLACK_BOT_TOKEN" in found["bot token"]["remedy"]
    assert found["Socket Mode"]["found"] == "Slack says not_allowed_token_type"
    assert "connections:write" in found["Socket Mode"]["remedy"]


def test_missing_scopes_are_reported_with_what_does_not_work(slack: LocalSlack) -> None:  # noqa: F811
    slack.config(scopes=["commands", "chat:write", "users:read"])
    assert "users:read.email (links by equal e-mail)" in doctor()[1]["scopes"]["found"]


@pytest.mark.parametrize("scope", sorted(OPTIONAL))
def test_a_missing_optional_scope_is_reported_with_what_does_not_work(slack: LocalSlack, scope: str) -> None:  # noqa: F811
    slack.use_manifest(manifest("/runtask"), without=[scope])
    found = doctor()[1]["scopes"]
    assert (found["level"], found["found"]) == ("warning", f"missing: {scope} ({slack_area.WITHOUT[scope]})")


def test_an_app_that_was_removed_is_reported_with_what_to_do(slack: LocalSlack) -> None:  # noqa: F811
    slack.uninstall()
    found = doctor()[1]["bot token"]
    assert (found["level"], found["found"]) == ("problem", "Slack says account_inactive")
    assert "Install it again" in found["remedy"]


def test_a_slack_that_is_away_is_reported(slack: LocalSlack, settings: Any) -> None:  # noqa: F811
    settings.RUNTASK |= {"SLACK_API_URL": "http://127.0.0.1:9/api/"}
    found = doctor()[1]
    assert found["bot token"]["found"] == "Slack can't be reached (ConnectionRefusedError)"
    assert "network" in found["bot token"]["remedy"]


def test_a_broker_that_is_away_is_reported_without_its_password(
    slack: LocalSlack,  # noqa: F811
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "amqp://bot:hunter2@127.0.0.1:9//")
    settings.RUNTASK |= {"CELERY_APP": "tests.doctor.far:app"}
    text = screen()
    assert "XX broker" in text
    assert "the broker can't be reached (ConnectionRefusedError)" in text
    assert "hunter2" not in text


def test_workers_without_remote_control_are_not_reported_as_dead(
    slack: LocalSlack,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(wiring.celery_app().conf, "worker_enable_remote_control", False)
    told = doctor()[1]
    found, stop = told["workers"], told["stop"]
    assert (found["level"], found["found"]) == ("note", "not known: worker_enable_remote_control is off")
    assert stop["found"] == "runs that were sent can't be stopped: worker_enable_remote_control is off"


@pytest.mark.parametrize("options", ["nonsense", {"CELERY_APP": "no.such:app", "THREADS": "x"}], ids=str)
def test_options_that_can_not_be_read_end_with_2(transactional_db: None, settings: Any, options: Any) -> None:
    settings.RUNTASK = options
    code, found = doctor()
    assert code == conf.BAD_SETUP
    assert found["runtask.W001"]["level"] == "problem"
    assert "bot token" not in found
    conf.conf.cache_clear()


def test_each_problem_of_the_system_checks_is_reported_once(slack: LocalSlack, settings: Any) -> None:  # noqa: F811
    settings.RUNTASK |= {"CELERY_APP": "no.such:app", "BASE_URL": "https://x.example/slack"}
    text = screen()
    for words in ("no Celery app to send with", "RUNTASK_BASE_URL ends with /slack"):
        assert " ".join(text.split()).count(words) == 1


def test_in_a_project_commands_are_shown_with_manage_py() -> None:
    assert (
        as_typed_here("Run `runtask migrate`.") == "Run `manage.py migrate`."
    )  # tests.settings are those of a project
    assert (
        as_typed_here("`runtask slack` or `runtask notify`")
        == "`manage.py runtask_slack` or `manage.py runtask_notify`"
    )


@pytest.mark.parametrize(
    ("path", "secret", "level", "says"),
    [
        ("/slack/events", "local-signing-secret", Level.WARNING, "https only"),
        ("/slack/events", "another", Level.PROBLEM, "status 401"),
        ("/elsewhere", "local-signing-secret", Level.PROBLEM, "status 404"),
        ("/admin/", "local-signing-secret", Level.PROBLEM, "status"),
    ],
)
def test_our_own_address_is_called_as_slack_would_call_it(
    slack: LocalSlack,  # noqa: F811
    live_server: Any,
    path: str,
    secret: str,
    level: Level,
    says: str,
) -> None:
    finding = slack_area.reached(live_server.url + path, secret)
    assert finding.level is level
    assert says in finding.found


@pytest.mark.parametrize(
    ("module", "name"), [("shop.settings", " ALLOWED_HOSTS"), ("bot.settings", "DJANGO_ALLOWED_HOSTS")]
)
def test_a_host_that_is_not_allowed_is_reported_with_the_setting_of_this_site(
    live_server: Any, settings: Any, module: str, name: str
) -> None:
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    settings.SETTINGS_MODULE = module
    finding = slack_area.reached(live_server.url + "/slack/events", "local-signing-secret")
    assert "status 400" in finding.found
    assert name in finding.remedy


def test_an_address_that_can_not_be_reached_from_here_is_a_warning() -> None:
    finding = slack_area.reached("https://127.0.0.1:9/slack/events", "secret")
    assert finding.level is Level.WARNING
    assert "If only this machine can't reach it" in finding.remedy
