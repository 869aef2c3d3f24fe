"""Links by e-mail: who is linked when Slack and the site know the same address, who isn't, and when a link ends."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from bot.conf import Conf, conf
from bot.core.model import SlackAccount, SlackUserId, TeamId
from bot.core.policy import Subject, may
from bot.core.reasons import Code
from bot.core.rights import Action
from bot.models import SlackLink, Throttle
from bot.runs import throttle
from bot.slack import by_email
from bot.slack.client import PROFILE, web_client
from bot.slack.identity import GRACE, Identity
from bot.slack.installation import OurInstallation
from bot.texts import sentence
from localslack.testing import LocalSlack

MIKE = "mike@example.com"
ALIKE = {
    "dotless i": "m\u0131ke@example.com",  # equal for PostgreSQL's UPPER
    "accent": "m\u00edke@example.com",  # equal for MariaDB's collations
    "full width": "\uff4d\uff49\uff4b\uff45@example.com",  # equal after NFKC
    "Kelvin sign": "mi\u212ae@example.com",  # equal after casefold
    "combining": "mi\u0301ke@example.com",
    "zero width": "mi\u200bke@example.com",
    "space": "mike@example.com ",
}
ACCOUNT = SlackAccount(team=TeamId("T0LOCAL"), user=SlackUserId("U0MIKE"))
TTL = 900.0

Acts = Callable[..., str | None]


@pytest.fixture
def mike(slack: LocalSlack) -> User:
    slack.control("people", id="U0MIKE", name="mike", email=MIKE)
    return a_user("mike", MIKE)


def an_identity(*domains: str, is_on: bool = True) -> Identity:
    client = web_client(conf(), PROFILE)
    return Identity(
        client=client,
        installation=OurInstallation(client),
        link_by_email=is_on,
        email_domains=domains,
        profile_ttl=TTL,
    )


@pytest.fixture
def acts(slack: LocalSlack) -> Acts:
    """A function: Mike acts in Slack, and it returns the name of the user as whom he acts. None: he acts as nobody."""

    def acting(*domains: str, is_on: bool = True) -> str | None:
        return an_identity(*domains, is_on=is_on).actor(ACCOUNT).name or None

    return acting


def a_user(name: str, address: str) -> User:
    return User.objects.create_user(name, address, is_staff=True)


def an_hour_later() -> None:
    """The last check of each link was an hour ago, so Slack is asked again."""
    checked_before(3600)


def checked_before(seconds: float) -> None:
    SlackLink.objects.update(checked_at=timezone.now() - timedelta(seconds=seconds))


def test_links_by_e_mail_are_off_by_default(acts: Acts, mike: User) -> None:
    assert not Conf().link_by_email
    assert acts(is_on=False) is None
    assert not SlackLink.objects.exists()


def test_an_equal_address_links_whatever_the_case_of_its_letters(
    acts: Acts, mike: User, slack: LocalSlack, caplog: pytest.LogCaptureFixture
) -> None:
    slack.control("people", id="U0MIKE", email="Mike@Example.COM")
    with caplog.at_level(logging.INFO, "bot"):
        assert acts() == "mike"
    assert SlackLink.objects.get().by_email
    assert f"may act: U0MIKE in T0LOCAL as mike (user {mike.pk}), by e-mail" in caplog.text


@pytest.mark.parametrize("address", ALIKE.values(), ids=ALIKE)
@pytest.mark.parametrize("where", ["Slack", "site"])
def test_an_address_that_only_looks_alike_links_nobody(
    acts: Acts, mike: User, slack: LocalSlack, where: str, address: str
) -> None:
    in_slack, on_site = (address, MIKE) if where == "Slack" else (MIKE, address)
    slack.control("people", id="U0MIKE", email=in_slack)
    User.objects.update(email=on_site)
    assert acts() is None
    assert by_email.objection(User(email=on_site), in_slack, ()) == "the addresses differ"


def test_an_address_that_slack_does_not_confirm_links_nobody(
    acts: Acts, mike: User, slack: LocalSlack, caplog: pytest.LogCaptureFixture
) -> None:
    slack.control("people", id="U0MIKE", is_email_confirmed=False)
    with caplog.at_level(logging.INFO, "bot"):
        assert acts() is None
    assert "U0MIKE isn't linked by e-mail: Slack shows no confirmed address" in caplog.text


@pytest.mark.parametrize(
    "flags",
    [{"is_superuser": True}, {"is_staff": False}, {"is_active": False}],
    ids=["superuser", "not staff", "inactive"],
)
def test_accounts_that_are_never_linked_by_e_mail_block_nobody_else(
    acts: Acts, mike: User, flags: dict[str, bool]
) -> None:
    User.objects.filter(pk=mike.pk).update(**flags)
    assert acts() is None
    a_user("another", "MIKE@example.com")
    assert acts() == "another"


def test_an_address_that_two_of_staff_share_links_nobody(acts: Acts, mike: User) -> None:
    a_user("another", "MIKE@example.com")
    assert acts() is None


def test_very_many_similar_addresses_link_nobody(acts: Acts, mike: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_email, "CANDIDATES", 0)
    assert acts() is None


@pytest.mark.parametrize(
    ("domains", "name"),
    [
        (("example.com",), "mike"),
        (("acme.example", "example.com"), "mike"),
        (("acme.example",), None),
        (("ample.com",), None),
    ],
)
def test_only_addresses_of_the_configured_domains_link(
    acts: Acts, mike: User, slack: LocalSlack, domains: tuple[str, ...], name: str | None
) -> None:
    slack.control("people", id="U0MIKE", email="mike@EXAMPLE.com")
    assert acts(*domains) == name
    an_hour_later()
    assert acts("acme.example") is None, "an existing link by e-mail ends, too"


def slack_changes(slack: LocalSlack) -> None:
    slack.control("people", id="U0MIKE", email="michael@example.com")


def the_site_changes(_: LocalSlack) -> None:
    User.objects.filter(username="mike").update(email="michael@example.com")


@pytest.mark.parametrize("change", [slack_changes, the_site_changes])
def test_a_link_ends_when_the_addresses_differ(
    acts: Acts, mike: User, slack: LocalSlack, change: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert acts() == "mike"
    change(slack)
    an_hour_later()
    with caplog.at_level(logging.INFO, "bot"):
        assert acts(is_on=False) is None
    assert not SlackLink.objects.exists()
    assert (
        f"may no longer act: U0MIKE in T0LOCAL as mike (user {mike.pk}), by e-mail: the addresses differ" in caplog.text
    )


def test_an_account_whose_address_is_now_somebody_elses_acts_as_them(acts: Acts, mike: User, slack: LocalSlack) -> None:
    assert acts() == "mike"
    a_user("michael", "michael@example.com")
    slack_changes(slack)
    an_hour_later()
    assert acts() == "michael"


def test_a_user_who_becomes_a_superuser_loses_the_link_at_once(acts: Acts, mike: User) -> None:
    assert acts() == "mike"
    User.objects.update(is_superuser=True)
    assert acts() is None
    assert not SlackLink.objects.exists()


@pytest.mark.parametrize("by_email", [False, None], ids=["by hand", "of an older version"])
def test_links_that_were_not_made_by_e_mail_stay(acts: Acts, mike: User, by_email: bool | None) -> None:
    User.objects.update(email="", is_superuser=True)
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0MIKE", user=mike, by_email=by_email)
    assert acts() == "mike"
    an_hour_later()
    assert acts() == "mike"


def test_slack_is_not_asked_about_somebody_whom_no_answer_could_help(acts: Acts, mike: User, slack: LocalSlack) -> None:
    assert acts(is_on=False) is None
    assert slack.calls("users.info") == []


def test_a_guest_without_a_link_reads_that_a_link_helps_no_guest(mike: User, slack: LocalSlack) -> None:
    """Slack isn't asked whether they are a guest, so they read how to get a link."""
    actor = an_identity(is_on=False).actor(SlackAccount(team=TeamId("T0LOCAL"), user=SlackUserId("U0GIL")))
    assert slack.calls("users.info") == []
    read = sentence(may(actor, Action.SEE, Subject()))
    assert "`runtask staff add U0GIL YOUR-USER-NAME`" in read
    assert "A link doesn't help guests, bots and people of other workspaces: they can't use runtask." in read


def asks_about(account: SlackAccount) -> Code | None:
    """The account acts, in a process of its own. Why it may not."""
    denied = may(an_identity().actor(account), Action.SEE, Subject())
    return denied.code if denied else None


def test_slack_is_asked_three_times_a_minute_about_an_account_without_a_link(mike: User, slack: LocalSlack) -> None:
    """Otherwise, guests could use up the calls that Slack grants, and people with a link would be locked out."""
    slack.control("people", id="U0MIKE", is_restricted=True)
    assert [asks_about(ACCOUNT) for _ in range(5)] == [Code.GUEST] * 3 + [Code.SLACK_SILENT] * 2
    assert len(slack.calls("users.info")) == throttle.LINKS_EACH == 3
    slack.control("people", id="U0MIKE", is_restricted=False)
    Throttle.objects.update(since=timezone.now() - timedelta(seconds=61))
    assert asks_about(ACCOUNT) is None
    assert SlackLink.objects.get().user == mike


def test_a_new_link_counts_at_once(mike: User, slack: LocalSlack) -> None:
    User.objects.update(email="other@example.com")
    identity = an_identity()
    assert not identity.actor(ACCOUNT).name
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0MIKE", user=mike)
    assert identity.actor(ACCOUNT).name == "mike"


def test_a_failed_question_locks_nobody_out(mike: User, slack: LocalSlack) -> None:
    slack.fault("http500", method="users.info", count=1)
    identity = an_identity()
    assert identity.actor(ACCOUNT).unknown_because == "HTTP 500"
    assert identity.actor(ACCOUNT).name == "mike"


def test_slack_is_asked_about_few_accounts_without_a_link_by_all_processes_together(
    mike: User, slack: LocalSlack
) -> None:
    guests = [SlackAccount(team=TeamId("T0LOCAL"), user=SlackUserId(f"U0GUEST{number}")) for number in range(45)]
    with ThreadPoolExecutor(8) as threads:  # calls in flight count, too

        def ask(guest: SlackAccount) -> None:
            asks_about(guest)
            connections.close_all()

        list(threads.map(ask, guests))
    assert len(slack.calls("users.info")) == throttle.LINKS == 40
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0MIKE", user=mike)
    assert asks_about(ACCOUNT) is None


@pytest.mark.parametrize(
    ("fault", "age", "name"),
    [
        ("ratelimited", TTL + GRACE - 60, "mike"),
        ("ratelimited", TTL + GRACE + 1, None),
        ("http500", TTL + 1, None),
    ],
    ids=["a little later", "much later", "another error"],
)
def test_while_slack_limits_questions_a_stored_profile_counts_a_little_longer(
    acts: Acts, mike: User, slack: LocalSlack, fault: str, age: float, name: str | None
) -> None:
    assert acts() == "mike"
    checked_before(age)
    slack.fault(fault, method="users.info", count=0)
    assert acts() == name


def test_a_link_that_may_end_does_not_count_longer(acts: Acts, mike: User, slack: LocalSlack) -> None:
    assert acts() == "mike"
    User.objects.update(is_superuser=True)
    slack.fault("ratelimited", method="users.info", count=0)
    assert acts() is None
