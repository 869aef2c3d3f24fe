"""Tokens for scripts: made at the command line, shown once, gone at once."""

import re
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models import QuerySet
from django.test import Client

from bot.models import ApiToken
from bot.web import tokens

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("runtask_token", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", is_staff=True)


def test_a_token_is_made_used_listed_and_removed(ana: User) -> None:
    secret = said("add", "ana", "--name", "nightly CI")[0].strip()
    assert re.fullmatch(r"rt_[A-Za-z0-9_-]{43}", secret)
    assert tokens.user_of(secret) == ana
    token = ApiToken.objects.get()
    listed = said("list")[0]
    assert listed.split() == [str(token.pk), "ana", "nightly", "CI", "last", "used", str(datetime.now(UTC).date())]
    assert secret not in listed
    said("remove", str(token.pk))
    assert tokens.user_of(secret) is None


def test_only_the_secret_goes_to_standard_output_so_that_it_can_be_piped(ana: User) -> None:
    out, err = said("add", "ana", "--name", "CI")
    assert len(out.split()) == 1
    assert "not shown again" in err


def test_a_name_that_does_not_fit_is_refused_before_the_secret_is_shown(ana: User) -> None:
    with pytest.raises(CommandError, match="--name has 101 characters; at most 100"):
        said("add", "ana", "--name", "n" * 101)
    assert not ApiToken.objects.exists()


def test_no_row_holds_the_secret(ana: User) -> None:
    _, secret = tokens.issue(ana, "CI")
    assert secret not in str(ApiToken.objects.values().get())
    assert ApiToken.objects.get().digest == tokens.digest(secret)


def test_who_is_not_staff_gets_a_token_with_a_warning() -> None:
    User.objects.create_user("ben")
    assert "not active staff" in said("add", "ben", "--name", "CI")[1]


@pytest.mark.parametrize("arguments", [("add", "nobody", "--name", "x"), ("remove", "7")])
def test_what_is_not_there_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="There is no"):
        said(*arguments)


def test_its_use_is_noted_once_a_day(ana: User, django_assert_num_queries: Any) -> None:
    _, secret = tokens.issue(ana, "CI")
    with time_machine.travel(datetime(2026, 11, 5, 23, 59, tzinfo=UTC)):
        with django_assert_num_queries(2):
            tokens.user_of(secret)
        with django_assert_num_queries(1):
            tokens.user_of(secret)
    assert ApiToken.objects.get().used_on == date(2026, 11, 5)
    with time_machine.travel(datetime(2026, 11, 6, 0, 1, tzinfo=UTC)), django_assert_num_queries(2):
        tokens.user_of(secret)


def test_a_day_that_can_not_be_noted_keeps_nobody_out(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = tokens.issue(ana, "CI")

    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(QuerySet, "update", locked)
    assert tokens.user_of(secret) == ana


@pytest.mark.parametrize("secret", ["", "rt_", "rt_\udcff", "ü" * 100, "' OR 1=1 --"])
def test_nothing_else_is_a_token(ana: User, secret: str) -> None:
    tokens.issue(ana, "CI")
    assert tokens.user_of(secret) is None


def test_the_admin_lists_and_removes_tokens_but_makes_none(client: Client, ana: User) -> None:
    client.force_login(User.objects.create_superuser("root"))
    token, secret = tokens.issue(ana, "nightly CI")
    page = client.get("/admin/runtask/apitoken/").content.decode()
    assert "nightly CI" in page
    assert secret not in page
    assert token.digest not in client.get(f"/admin/runtask/apitoken/{token.pk}/change/").content.decode()
    assert client.get("/admin/runtask/apitoken/add/").status_code == 403
    client.post(f"/admin/runtask/apitoken/{token.pk}/delete/", {"post": "yes"})
    assert tokens.user_of(secret) is None
