"""Tokens for scripts are made by a command, shown once, and invalid as soon as they are removed."""

import logging
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from bot.models import ApiToken
from bot.runs import clock
from bot.web import tokens
from bot.web.tokens import BadToken, Flaw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uses this machine's clock, because time_machine can't move the database's."""
    monkeypatch.setattr(clock, "now", timezone.now)


def said(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("runtask_token", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", is_staff=True)


def as_whom(secret: str) -> str:
    """Returns the user of an accepted token, or the flaw of a refused one."""
    try:
        return tokens.accepted(secret).user.get_username()
    except BadToken as exc:
        return exc.flaw


def test_a_token_is_made_used_listed_and_removed(ana: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bot"), time_machine.travel(datetime(2026, 11, 5, 9, 30, tzinfo=UTC)):
        secret = said("add", "ana", "--name", "nightly CI")[0].strip()
        assert re.fullmatch(r"rt_[A-Za-z0-9_-]{43}", secret)
        assert as_whom(secret) == "ana"
        tokens.used(tokens.accepted(secret))
        token = ApiToken.objects.get()
        listed, _ = said("list")
        assert listed == f"{token.pk}  ana  nightly CI  expires 2027-11-05 09:30 UTC  last used 2026-11-05 09:30 UTC\n"
        said("remove", str(token.pk))
    assert as_whom(secret) == Flaw.UNKNOWN
    which = f"API token {token.pk}, nightly CI, as ana (user {ana.pk}), by `runtask token`"
    assert [record.message for record in caplog.records] == [f"may act: {which}", f"may no longer act: {which}"]
    assert secret not in listed + caplog.text


@pytest.mark.parametrize(("expires", "lifetime"), [("90d", timedelta(days=90)), ("12h", timedelta(hours=12))])
def test_a_token_expires(ana: User, expires: str, lifetime: timedelta) -> None:
    with time_machine.travel(datetime(2026, 11, 5, tzinfo=UTC), tick=False) as clock:
        secret = said("add", "ana", "--name", "CI", "--expires", expires)[0].strip()
        clock.shift(lifetime - timedelta(seconds=1))
        assert as_whom(secret) == "ana"
        clock.shift(timedelta(seconds=1))
        assert as_whom(secret) == Flaw.EXPIRED
        assert "  expired 20" in said("list")[0]


@pytest.mark.parametrize("nonsense", ["", "0d", "-1d", "1.5d", "90", "d", "never", "3651d", "9" * 30 + "d", "٣d"])
def test_a_lifetime_that_can_not_be_read_makes_no_token(ana: User, nonsense: str) -> None:
    with pytest.raises(CommandError, match="is not a time like 90d or 12h, of at most 3650d"):
        said("add", "ana", "--name", "CI", f"--expires={nonsense}")
    assert not ApiToken.objects.exists()


def test_a_token_is_void_after_a_change_of_its_users_password(ana: User) -> None:
    ana.set_password("before")
    ana.save()
    _, secret = tokens.issue(ana, "CI")
    ana.set_password("after")
    User.objects.filter(pk=ana.pk).update(password=ana.password)  # without signals, as another Django would
    assert as_whom(secret) == Flaw.PASSWORD_CHANGED
    ana.set_unusable_password()
    ana.save()
    assert as_whom(secret) == Flaw.PASSWORD_CHANGED


def test_a_token_survives_if_an_unusable_password_is_stored_again(ana: User) -> None:
    """Some log-in back ends store one at each log-in. Each unusable password is another random text."""
    ana.set_unusable_password()
    ana.save()
    _, secret = tokens.issue(ana, "CI")
    ana.set_unusable_password()
    ana.save()
    assert as_whom(secret) == "ana"


def test_a_token_of_a_user_without_any_password_works() -> None:
    assert tokens.password_mark("rt_x", SimpleNamespace()) == tokens.password_mark("rt_x", User(password="!"))


def test_no_row_reveals_the_password(ana: User) -> None:
    """The key of each mark is the token itself, so the marks of two tokens of one user differ."""
    ana.set_password("secret")
    ana.save()
    marks = {tokens.issue(ana, "CI")[0].password_mark for _ in range(2)}
    assert len(marks) == 2
    assert ana.password not in str(list(ApiToken.objects.values()))


def test_a_token_of_an_older_version_is_bound_to_the_password_at_its_first_use(ana: User) -> None:
    token, secret = tokens.issue(ana, "CI")
    ApiToken.objects.update(password_mark="")
    tokens.used(tokens.accepted(secret))
    assert ApiToken.objects.get().password_mark == token.password_mark
    ana.set_password("after")
    ana.save()
    assert as_whom(secret) == Flaw.PASSWORD_CHANGED


def test_only_the_secret_goes_to_standard_output_so_that_it_can_be_piped(ana: User) -> None:
    out, err = said("add", "ana", "--name", "CI")
    assert len(out.split()) == 1
    assert "not shown again" in err


def test_a_name_that_is_too_long_is_refused_before_the_secret_is_shown(ana: User) -> None:
    with pytest.raises(CommandError, match="--name has 101 characters; at most 100"):
        said("add", "ana", "--name", "n" * 101)
    assert not ApiToken.objects.exists()


def test_no_row_holds_the_secret(ana: User) -> None:
    _, secret = tokens.issue(ana, "CI")
    assert secret not in str(ApiToken.objects.values().get())
    assert ApiToken.objects.get().digest == tokens.digest(secret)


def test_a_user_who_is_not_staff_gets_a_token_with_a_warning() -> None:
    User.objects.create_user("ben")
    assert "not active staff" in said("add", "ben", "--name", "CI")[1]


@pytest.mark.parametrize("arguments", [("add", "nobody", "--name", "x"), ("remove", "7")])
def test_unknown_users_and_tokens_are_named(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="There is no"):
        said(*arguments)


def test_the_use_of_a_token_is_recorded_once_a_minute(ana: User, django_assert_num_queries: Any) -> None:
    _, secret = tokens.issue(ana, "CI")
    with time_machine.travel(datetime(2026, 11, 5, 23, 59, tzinfo=UTC), tick=False) as clock:
        # The last use is by a machine whose clock is wrong.
        for seconds, queries in ((0, 1), (59, 0), (1, 1), (-3600, 1)):
            clock.shift(seconds)
            token = tokens.accepted(secret)
            with django_assert_num_queries(queries):
                tokens.used(token)
            assert token.used_at is None or queries == 0 or ApiToken.objects.get().used_at == timezone.now()


def test_two_processes_record_one_use(ana: User) -> None:
    _, secret = tokens.issue(ana, "CI")
    with time_machine.travel(datetime(2026, 11, 5, tzinfo=UTC), tick=False) as clock:
        first, second = tokens.accepted(secret), tokens.accepted(secret)
        tokens.used(first)
        recorded = ApiToken.objects.get().used_at
        clock.shift(1)
        tokens.used(second)
    assert ApiToken.objects.get().used_at == recorded


def test_a_token_works_even_if_its_use_can_not_be_recorded(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = tokens.issue(ana, "CI")

    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(QuerySet, "update", locked)
    tokens.used(tokens.accepted(secret))
    assert as_whom(secret) == "ana"


@pytest.mark.parametrize("secret", ["", "rt_", "rt_\udcff", "ü" * 100, "' OR 1=1 --"])
def test_other_texts_are_no_tokens(ana: User, secret: str) -> None:
    tokens.issue(ana, "CI")
    assert as_whom(secret) == Flaw.UNKNOWN


def test_the_admin_lists_and_removes_tokens_but_makes_none(client: Client, ana: User) -> None:
    client.force_login(User.objects.create_superuser("root"))
    token, secret = tokens.issue(ana, "nightly CI")
    page = client.get("/admin/runtask/apitoken/").content.decode()
    assert "nightly CI" in page
    assert f"{token.expires_at:%Y}" in page
    assert secret not in page
    assert token.digest not in client.get(f"/admin/runtask/apitoken/{token.pk}/change/").content.decode()
    assert client.get("/admin/runtask/apitoken/add/").status_code == 403
    client.post(f"/admin/runtask/apitoken/{token.pk}/delete/", {"post": "yes"})
    assert as_whom(secret) == Flaw.UNKNOWN
