"""Our management commands, as an operator types them."""

import json
import logging
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from celery import Celery
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from bot import conf, env, wiring
from bot.models import SlackLink
from bot.slack.manifest import manifest
from tests.e2e.platform import clean_environment

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", is_staff=True)


def test_a_link_may_be_made_together_with_its_user() -> None:
    told = said("runtask_staff", "add", "U1", "ana", "--team", "T1", "--create", "--email", "Ana@Example.com")
    assert "ana is a new user: active staff, without a password." in told
    assert "U1 in T1 may act as ana." in told
    made = User.objects.get(username="ana")
    assert (made.is_staff, made.is_superuser, made.email) == (True, False, "Ana@example.com")
    assert not made.has_usable_password()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("bob", "--create"), "There is a user 'bob' already. Link them without --create."),
        (("two words", "--create"), "Enter a valid username."),
        (("ana", "--create", "--email", "not one"), "Enter a valid email address."),
        (("nobody",), "There is no user 'nobody'. To make that user, add --create."),
        (("bob", "--email", "bob@example.com"), "--email is for a user that --create makes."),
    ],
)
def test_a_user_that_cant_be_made_leaves_nothing_behind(arguments: tuple[str, ...], why: str) -> None:
    User.objects.create_user("bob", is_staff=True)
    with pytest.raises(CommandError, match=re.escape(why)):
        said("runtask_staff", "add", "U1", *arguments, "--team", "T1")
    assert User.objects.count() == 1
    assert not SlackLink.objects.exists()


def test_a_sidecar_makes_no_users(settings: Any) -> None:
    settings.RUNTASK_SIDECAR = True  # in the platform's database
    with pytest.raises(CommandError, match="they are the platform's"):
        said("runtask_staff", "add", "U1", "ana", "--team", "T1", "--create")


def test_a_link_is_made_listed_and_removed(ana: User) -> None:
    assert "may act as ana" in said("runtask_staff", "add", "U1", "ana", "--team", "T1")
    assert said("runtask_staff", "list").split() == ["T1", "U1", "ana"]
    assert "is removed" in said("runtask_staff", "remove", "U1", "--team", "T1")
    assert not SlackLink.objects.exists()


def test_a_link_made_again_moves_to_the_other_user_and_is_checked_again(ana: User) -> None:
    said("runtask_staff", "add", "U1", "ana", "--team", "T1")
    User.objects.create_user("cara", is_staff=True)
    said("runtask_staff", "add", "U1", "cara", "--team", "T1")
    link = SlackLink.objects.get()
    assert (str(link.user), link.checked_at) == ("cara", None)


def test_the_log_says_as_whom_an_account_acts_and_acted_before(ana: User, caplog: pytest.LogCaptureFixture) -> None:
    cara = User.objects.create_user("cara", is_staff=True)
    SlackLink.objects.create(team="T1", slack_user="U1", user=ana, by_email=True)
    assert said("runtask_staff", "list").strip().endswith("U1  ana  (by e-mail)")
    with caplog.at_level(logging.INFO, "bot"):
        said("runtask_staff", "add", "U1", "cara", "--team", "T1")
        assert not SlackLink.objects.get().by_email
        said("runtask_staff", "remove", "U1", "--team", "T1")
    was, now = (f"U1 in T1 as {user} (user {user.pk})" for user in (ana, cara))
    by = "by `runtask staff`"
    assert [record.message for record in caplog.records] == [
        f"may act: {now}, {by}; before: {was}",
        f"may no longer act: {now}, {by}",
    ]


def test_somebody_who_is_not_staff_is_linked_with_a_warning() -> None:
    User.objects.create_user("ben")
    assert "not active staff" in said("runtask_staff", "add", "U2", "ben", "--team", "T1")
    assert "(not active staff)" in said("runtask_staff", "list")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["add", "U1", "nobody", "--team", "T1"], "There is no user 'nobody'"),
        (["remove", "U1", "--team", "T1"], "has no link"),
        (
            ["add", "@ana", "ana", "--team", "T1"],
            "'@ana': This is not a member id: those begin with U or W. Choose «Copy member ID»",
        ),
        (["add", "ana@example.com", "ana"], "'ana@example.com': This is not a member id"),
        (["add", "U1", "ana", "--team", "acme"], "'acme': This is not a workspace id: those begin with T"),
    ],
)
def test_unknown_users_and_links_are_named(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        said("runtask_staff", *arguments)


def test_if_slack_does_not_name_the_workspace_the_reason_is_shown(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = SimpleNamespace(team=lambda: None, problem="invalid_auth")
    monkeypatch.setattr(wiring, "installation", lambda: asked)
    with pytest.raises(CommandError, match=r"\(invalid_auth\)\. Correct SLACK_BOT_TOKEN"):
        said("runtask_staff", "add", "U1", "ana")


def test_the_manifest_for_http_mode_has_the_endpoint_of_the_site() -> None:
    printed = yaml.safe_load(said("runtask_manifest", "--http", "https://runs.example.com"))
    assert printed == manifest("/runtask", "https://runs.example.com/slack/events")
    mounted = yaml.safe_load(said("runtask_manifest", "--http", "https://example.com/runtask/slack/events"))
    assert mounted == manifest("/runtask", "https://example.com/runtask/slack/events")


def test_without_pyyaml_the_manifest_is_json_which_slack_takes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert json.loads(said("runtask_manifest")) == manifest("/runtask")


def test_slack_delivers_to_https_only() -> None:
    with pytest.raises(CommandError, match="https"):
        said("runtask_manifest", "--http", "http://runs.example.com")


@pytest.mark.parametrize("command", ["runtask_slack", "runtask_notify"])
def test_missing_tokens_are_named_together_before_anything_starts(command: str, settings: Any) -> None:
    settings.RUNTASK = {"SLACK_BOT_TOKEN": " ", "SLACK_APP_TOKEN": " "}
    conf.conf.cache_clear()
    try:
        with pytest.raises(CommandError) as failure:
            said(command)
    finally:
        conf.conf.cache_clear()
    assert "SLACK_BOT_TOKEN is not set" in str(failure.value)
    assert failure.value.returncode == conf.BAD_SETUP


BARE = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "bot"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "bare.sqlite3"}}
"""
MISSING = {
    "slack": ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "'django_celery_beat' to INSTALLED_APPS", "no Celery app"],
    "notify": ["SLACK_BOT_TOKEN", "'django_celery_beat' to INSTALLED_APPS"],
    "staff remove U1": ["'django_celery_beat' to INSTALLED_APPS"],
    "staff list": ["no such table"],
    "token list": ["no such table"],
    "doctor": ["'django_celery_beat' to"],
}


@pytest.mark.parametrize("command", MISSING)
def test_a_project_that_lacks_nearly_everything_is_told_all_of_it(command: str, tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(BARE)
    done = subprocess.run(
        [sys.executable, "-m", "bot", *command.split()],
        env=clean_environment(DJANGO_SETTINGS_MODULE="bare"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert (done.returncode, "Traceback" in said) == (2, False), said
    assert [words for words in MISSING[command] if words not in said] == []


@pytest.mark.parametrize(
    "arguments",
    [["manifest"], ["staff", "add", "U1", "ana"], ["staff", "remove", "U1"], ["slack"], ["notify"]],
    ids=" ".join,
)
def test_an_option_that_can_not_be_read_is_named_instead_of_a_traceback(
    ana: User, settings: Any, arguments: list[str]
) -> None:
    settings.RUNTASK = {"DEADLINE": "soon"}
    conf.conf.cache_clear()
    try:
        with pytest.raises(CommandError, match="RUNTASK_DEADLINE must be a number of seconds above 0") as failure:
            said(f"runtask_{arguments[0]}", *arguments[1:])
        # With --team, this command needs no options.
        assert "may act as ana" in said("runtask_staff", "add", "U1", "ana", "--team", "T1")
    finally:
        conf.conf.cache_clear()
    assert failure.value.returncode == conf.BAD_SETUP


broken: Any = Celery("broken", set_as_current=False)
broken.conf.imports = ["shop.tasks"]


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        ("shop.celery:app", "shop.celery:app can't be imported"),
        (
            "tests.test_commands:broken",
            r"the project's tasks can't be loaded \(ModuleNotFoundError: No module named 'shop'\)",
        ),
    ],
    ids=["no app", "no tasks"],
)
def test_a_project_without_a_celery_app_is_told_so_before_the_bot_starts(settings: Any, app: str, reason: str) -> None:
    settings.RUNTASK = {"CELERY_APP": app}
    for cached in (conf.conf, wiring.celery_app):
        cached.cache_clear()
    try:
        with pytest.raises(CommandError, match=reason) as failure:
            said("runtask_slack")
    finally:
        for cached in (conf.conf, wiring.celery_app):
            cached.cache_clear()
    assert failure.value.returncode == conf.BAD_SETUP


def test_a_folder_that_can_not_be_made_is_explained_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = subprocess.run(
        [sys.executable, "-m", "bot", "check"],
        env=clean_environment(RUNTASK_DATA=str(tmp_path / "file" / "var")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == conf.BAD_SETUP
    assert told.stderr == f"RUNTASK_DATA: the folder {tmp_path}/file/var can't be created (Not a directory)\n"


def test_help_needs_no_tokens(tmp_path: Path) -> None:
    """People who ask how to start the bot may not have set it up yet."""
    environment = {
        **env.environ(),
        "DJANGO_SETTINGS_MODULE": "bot.settings",
        "RUNTASK_DATA": str(tmp_path),
        "SLACK_BOT_TOKEN": "",
    }
    command = [sys.executable, "-m", "bot", "slack", "--help"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (told.returncode, "--no-deliver" in told.stdout, told.stderr) == (0, True, "")


def test_missing_tables_are_explained_in_a_sentence(tmp_path: Path) -> None:
    """For example, somebody forgot to set DJANGO_SETTINGS_MODULE."""
    code = (
        "import sys, threading; from bot import __main__; from bot.slack.socket import SocketMode;"
        "SocketMode.serve = lambda *_: [one.join() for one in threading.enumerate() if one.name == 'tables'];"
        "sys.argv = ['runtask', 'slack', '--no-deliver']; __main__.main()"
    )
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": "http://127.0.0.1:9/"}
    environment = clean_environment(**tokens, RUNTASK_DATA=str(tmp_path))
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "the database of bot.settings has no tables of runtask: run `runtask migrate`" in told.stderr


def test_bolt_does_not_search_the_stack_for_the_module_that_made_its_app(tmp_path: Path) -> None:
    code = (
        "import inspect, sys; from bot import __main__; from bot.slack.socket import SocketMode;"
        "inspect.stack = None; sys.argv = ['runtask', 'slack', '--no-deliver'];"
        "SocketMode.serve = lambda *_: print('started'); __main__.main()"
    )
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": "http://127.0.0.1:9/"}
    environment = {**env.environ(), **tokens, "DJANGO_SETTINGS_MODULE": "bot.settings", "RUNTASK_DATA": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == "started\n"
