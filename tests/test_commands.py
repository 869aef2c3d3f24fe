"""Our management commands, as an operator types them."""

from io import StringIO
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from bot import conf, wiring
from bot.models import SlackLink
from bot.slack.manifest import manifest

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", is_staff=True)


def test_a_link_is_made_listed_and_removed(ana: User) -> None:
    assert "may act as ana" in said("runtask_staff", "add", "U1", "ana", "--team", "T1")
    assert said("runtask_staff", "list").split() == ["T1", "U1", "ana"]
    assert "no link any more" in said("runtask_staff", "remove", "U1", "--team", "T1")
    assert not SlackLink.objects.exists()


def test_a_link_made_again_moves_to_the_other_user_and_is_checked_anew(ana: User) -> None:
    said("runtask_staff", "add", "U1", "ana", "--team", "T1")
    User.objects.create_user("cara", is_staff=True)
    said("runtask_staff", "add", "U1", "cara", "--team", "T1")
    link = SlackLink.objects.get()
    assert (str(link.user), link.checked_at) == ("cara", None)


def test_somebody_who_is_not_staff_is_linked_with_a_warning() -> None:
    User.objects.create_user("ben")
    assert "not active staff" in said("runtask_staff", "add", "U2", "ben", "--team", "T1")
    assert "(not active staff)" in said("runtask_staff", "list")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["add", "U1", "nobody", "--team", "T1"], "There is no user 'nobody'"),
        (["remove", "U1", "--team", "T1"], "has no link"),
    ],
)
def test_what_is_not_there_is_said(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        said("runtask_staff", *arguments)


def test_the_manifest_for_http_mode_has_the_endpoint_of_the_site() -> None:
    printed = yaml.safe_load(said("runtask_manifest", "--http", "https://runs.example.com"))
    assert printed == manifest("/runtask", "https://runs.example.com/slack/events")
    mounted = yaml.safe_load(said("runtask_manifest", "--http", "https://example.com/runtask/slack/events"))
    assert mounted == manifest("/runtask", "https://example.com/runtask/slack/events")


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


def test_a_project_without_a_celery_app_is_told_so_before_the_bot_starts(settings: Any) -> None:
    settings.RUNTASK = {"CELERY_APP": "shop.celery:app"}
    for cached in (conf.conf, wiring.celery_app):
        cached.cache_clear()
    try:
        with pytest.raises(CommandError, match=r"shop.celery:app can't be imported") as failure:
            said("runtask_slack")
    finally:
        for cached in (conf.conf, wiring.celery_app):
            cached.cache_clear()
    assert failure.value.returncode == conf.BAD_SETUP
