"""Variables are read as typed values. All problems are reported together, without secrets."""

import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from bot import conf, env
from bot.conf import NEEDED_FOR, VARIABLES, Conf
from bot.core.scrub import MASK
from bot.core.secrets import Secrets
from bot.env import BadEnvironment, Project

SECRETS = {
    "DATABASE_URL": "postgres://bot:hunter2@db.example/x",
    "CELERY_BROKER_URL": "amqp://bot:hunter2@mq.example//",
    "DJANGO_SECRET_KEY": "hunter2",
    "DJANGO_SECRET_KEY_FALLBACKS": "hunter2",
    "SLACK_BOT_TOKEN": "xoxb-hunter2",
    "SLACK_APP_TOKEN": "xapp-hunter2",
    "SLACK_SIGNING_SECRET": "hunter2",
    "RUNTASK_METRICS_TOKEN": "hunter2-hunter2-hunter2",
}

CONF = {item.name for item in env.variables(Conf)}


def problems(cls: type, raw: dict[str, Any]) -> list[str]:
    with pytest.raises(BadEnvironment) as caught:
        env.read(cls, raw)
    return caught.value.problems


def test_without_variables_every_option_has_its_default() -> None:
    assert env.read(Conf, {}) == Conf()
    assert env.read(Project, {"DATABASE_URL": " ", "DJANGO_DEBUG": ""}) == Project()


def test_values_have_the_types_of_their_options() -> None:
    found = env.read(Conf, {
        "SLACK_BOT_TOKEN": " xoxb-1 ", "RUNTASK_LINK_BY_EMAIL": "On", "RUNTASK_DEADLINE": "1.5", "RUNTASK_THREADS": " 4 ",
        "RUNTASK_SECRET_KEYS": "pin, puk\ttan", "RUNTASK_EMAIL_DOMAINS": "Example.com, mail.acme.example",
    })  # fmt: skip
    assert (found.bot_token, found.link_by_email, found.deadline, found.threads) == ("xoxb-1", True, 1.5, 4)
    assert found.secret_keys == ("pin", "puk", "tan")
    assert found.email_domains == ("example.com", "mail.acme.example")


def test_secret_keys_may_be_listed_in_several_forms() -> None:
    words = env.read(Conf, {"RUNTASK_SECRET_KEYS": "PIN Access-Code"}).secret_keys
    secrets = {"pin": 1, "User-Pin": 2, "access_code": 3, "ACCESS-CODE": 4}
    assert set(Secrets(keys=words).value(secrets).values()) == {MASK}


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("RUNTASK_THREADS", "0", "RUNTASK_THREADS must be a whole number above 0"),
        ("RUNTASK_THREADS", "-1", "RUNTASK_THREADS must be a whole number above 0"),
        ("RUNTASK_THREADS", "4.5", "RUNTASK_THREADS must be a whole number above 0"),
        ("RUNTASK_DEADLINE", "soon", "RUNTASK_DEADLINE must be a number of seconds above 0"),
        ("RUNTASK_DEADLINE", "0", "RUNTASK_DEADLINE must be a number of seconds above 0"),
        ("RUNTASK_DEADLINE", "nan", "RUNTASK_DEADLINE must be a number of seconds above 0"),
        ("RUNTASK_DEADLINE", "inf", "RUNTASK_DEADLINE must be a number of seconds above 0"),
        ("RUNTASK_LINK_BY_EMAIL", "maybe", "RUNTASK_LINK_BY_EMAIL must be 1 or 0"),
        *(
            ("RUNTASK_EMAIL_DOMAINS", nonsense, "RUNTASK_EMAIL_DOMAINS must be domains as they stand after the @, ")
            for nonsense in (
                ",",
                "yes",
                "@example.com",
                "ana@example.com",
                "*.example.com",
                "https://example.com",
                "a..b",
            )
        ),
        *(
            ("RUNTASK_METRICS_TOKEN", weak, "RUNTASK_METRICS_TOKEN must be at least 16 letters, digits and signs")
            for weak in ("0123456789abcde", "0123456789abcde f", "0123456789abcdé", "0123456789abcdef\n0")
        ),
        ("SLACK_API_URL", "slack.com/api", "SLACK_API_URL must begin with https:// or http://"),
        ("SLACK_API_URL", "https:slack.com", "SLACK_API_URL must begin with https:// or http://"),
        ("RUNTASK_BASE_URL", "ftp://x", "RUNTASK_BASE_URL must begin with https:// or http://"),
        ("RUNTASK_BASE_URL", "http://x:port", "RUNTASK_BASE_URL is not an address"),
        ("RUNTASK_BASE_URL", "http://[x", "RUNTASK_BASE_URL is not an address"),
        ("RUNTASK_ANNOUNCE", "#ops", "RUNTASK_ANNOUNCE must be a channel's id, like C0123456789 (not its name; "),
        ("RUNTASK_ANNOUNCE", '{"*": "ops"}', "RUNTASK_ANNOUNCE must be a channel's id, "),
        ("RUNTASK_ANNOUNCE", '{"*": 5}', "RUNTASK_ANNOUNCE must be a channel's id, "),
        ("RUNTASK_ANNOUNCE", '{"*"', "RUNTASK_ANNOUNCE must be a channel's id, "),
        ("DJANGO_TIME_ZONE", "Europe/Madird", "DJANGO_TIME_ZONE must be a time zone, like Europe/Madrid"),
        ("DJANGO_TIME_ZONE", "Europe", "DJANGO_TIME_ZONE must be a time zone, like Europe/Madrid"),
        ("CELERY_BROKER_TRANSPORT_OPTIONS", "[]", "CELERY_BROKER_TRANSPORT_OPTIONS must be a JSON object"),
        ("CELERY_BROKER_TRANSPORT_OPTIONS", "{", "CELERY_BROKER_TRANSPORT_OPTIONS must be a JSON object"),
        ("CELERY_TASK_ROUTES", "{", "CELERY_TASK_ROUTES must be a JSON object"),
        ("CELERY_TASK_ROUTES", '{"a.*": null}', "CELERY_TASK_ROUTES must say where a.* goes, like "),
        ("CELERY_TASK_ROUTES", '{"a.*": {"queue": 7}}', "CELERY_TASK_ROUTES must say where a.* goes, like "),
        (
            "CELERY_TASK_ROUTES",
            '{"a.*": {"queeue": "b"}}',
            "CELERY_TASK_ROUTES has an unknown option for a.*, 'queeue': ",
        ),
        (
            "CELERY_TASK_ROUTES",
            '{"a.*": {"priority": "high"}}',
            "CELERY_TASK_ROUTES must have a whole number as the priority",
        ),
        ("CELERY_TASK_SERIALIZER", "xml", "CELERY_TASK_SERIALIZER must be one of json, pickle, yaml, msgpack"),
        ("CELERY_TASK_PROTOCOL", "3", "CELERY_TASK_PROTOCOL must be one of 1, 2"),
        ("PLATFORM_TIME_ZONE", "Bogota", "PLATFORM_TIME_ZONE must be a time zone, like "),
        ("DATABASE_URL", "postgres://u:a/b@h/d", "DATABASE_URL is not an address: in a user's name or password, / # "),
    ],
)
def test_a_value_that_can_not_be_read_is_named(name: str, raw: str, problem: str) -> None:
    (found,) = problems(Conf if name in CONF else Project, {name: raw})
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "address",
    ["sqlite:///x.db", "postgres://u:p@h/d", "postgresql://h/d", "mysql://h/d"],
)
def test_these_databases_are_accepted(address: str) -> None:
    assert env.read(Project, {"DATABASE_URL": address}).database_url == address


@pytest.mark.parametrize(
    "address",
    [
        "redis://h/0",
        "rediss://h/0",
        "redis+socket:///run/redis.sock",
        "amqp://h//",
        "amqps://h//",
        "filesystem://",
        "memory://",
    ],
)
def test_these_brokers_are_accepted(address: str) -> None:
    assert env.read(Project, {"CELERY_BROKER_URL": address}).broker_url == address


def test_all_problems_are_reported_together() -> None:
    bad = {"RUNTASK_THREADS": "x", "RUNTASK_DEADLINE": "x", "SLACK_API_URL": "x"}
    assert len(problems(Conf, bad)) == 3
    with pytest.raises(BadEnvironment) as caught:
        env.read(Conf, bad)
    assert all(name in str(caught.value) for name in bad)


def test_problems_of_several_classes_are_reported_together_and_defaults_stay() -> None:
    found: list[str] = []
    assert env.read(Conf, {"RUNTASK_THREADS": "x"}, found) == Conf()
    assert env.read(Project, {"DJANGO_DEBUG": "x"}, found) == Project()
    assert [problem.partition(" ")[0] for problem in found] == ["RUNTASK_THREADS", "DJANGO_DEBUG"]


@pytest.mark.parametrize("cls", [Conf, Project])
def test_no_secret_is_in_a_repr(cls: type) -> None:
    filled: Any = env.read(cls, SECRETS)
    assert "hunter2" in str([getattr(filled, item.name) for item in fields(cls)])
    assert "hunter2" not in repr(filled)


@given(st.text())
def test_no_value_is_in_an_error(text: str) -> None:
    marked = f"x{text}hunter2"
    for cls in (Conf, Project):
        for item in fields(cls):
            found: list[str] = []
            env.read(cls, {item.metadata["name"]: marked}, found)
            assert "hunter2" not in str(BadEnvironment(found))


def test_no_two_variables_share_a_name() -> None:
    names = [item.name for item in (*env.variables(Conf), *env.variables(Project))]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("part", NEEDED_FOR)
def test_options_that_a_part_needs_are_named_if_they_are_missing(part: str) -> None:
    needed = NEEDED_FOR[part]
    assert Conf().missing(*needed) == [f"{name} is not set" for name in needed]
    assert env.read(Conf, SECRETS).missing(*needed) == []
    assert set(needed) <= {item.name for item in VARIABLES.values()}


def test_settings_are_preferred_to_the_environment() -> None:
    given = {"DEADLINE": 60.0, "SLACK_BOT_TOKEN": "xoxb-settings"}
    environment = {"RUNTASK_DEADLINE": "5", "RUNTASK_THREADS": "3", "SLACK_BOT_TOKEN": "xoxb-environment"}
    found = env.read(Conf, conf.values(given, environment))
    assert (found.deadline, found.threads, found.bot_token) == (60.0, 3, "xoxb-settings")


def test_a_setting_written_as_text_is_read_like_a_variable() -> None:
    assert env.read(Conf, conf.values({"DEADLINE": "60"}, {})).deadline == 60.0


def test_an_unknown_setting_is_named_with_the_list_of_known_ones() -> None:
    with pytest.raises(BadEnvironment) as caught:
        conf.values({"DEADLIEN": 5, "RUNTASK_DEADLINE": 5, "BOT_TOKEN": "xoxb-hunter2"}, {})
    assert len(caught.value.problems) == 3
    assert "RUNTASK['DEADLIEN'] is not an option; there are ALLOW, ANNOUNCE, BASE_URL, " in caught.value.problems[1]
    assert "hunter2" not in str(caught.value)


def test_the_options_of_a_process_are_those_of_its_settings() -> None:
    with override_settings(RUNTASK={"COMMAND": "/schedule"}):
        conf.conf.cache_clear()
        assert conf.conf().command == "/schedule"
    conf.conf.cache_clear()
    assert conf.conf().command == "/runtask"


@pytest.mark.parametrize("before", [None, "", "yes"])
def test_celerys_own_variable_is_restored(monkeypatch: pytest.MonkeyPatch, before: str | None) -> None:
    monkeypatch.delenv(env.SKIP_CHECKS, raising=False)
    if before is not None:
        monkeypatch.setenv(env.SKIP_CHECKS, before)
    with env.without_checks_by_celery():
        assert env.environ()[env.SKIP_CHECKS]
    assert env.environ().get(env.SKIP_CHECKS) == before


def test_the_stand_alone_bot_loads_no_pages() -> None:
    code = (
        "import sys, django; django.setup(); from bot.management import serving; "
        "serving.require_tasks(); print(*sys.modules)"
    )
    environment = {**env.environ(), "DJANGO_SETTINGS_MODULE": env.STANDALONE}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = told.stdout.split()
    assert "bot.broker.catalog" in loaded
    assert "bot.web.views" not in loaded
