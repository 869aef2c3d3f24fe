"""Links and tokens in the admin: only superusers link accounts, and the log says who acts as whom."""

import logging
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from bot.models import SlackLink
from bot.web import tokens

pytestmark = pytest.mark.django_db
LINKS = "/admin/runtask/slacklink/"


def permitted(user: User, *names: str) -> User:
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return user


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def helper() -> User:
    """Staff who may do everything with links, and look at users."""
    links = [f"{action}_slacklink" for action in ("view", "add", "change", "delete")]
    return permitted(User.objects.create_user("helper", is_staff=True), "view_user", *links)


@pytest.fixture
def site(client: Client, helper: User) -> Client:
    client.force_login(helper)
    return client


def asked_for(site: Client, user: User, address: str = "add/", **changes: str) -> Any:
    return site.post(LINKS + address, {"team": "T1", "slack_user": "U0MALLORY", "user": user.pk, **changes})


def log_entry() -> tuple[str, str]:
    entry = LogEntry.objects.latest("pk")
    return entry.object_repr, entry.get_change_message()


@pytest.mark.parametrize("is_superuser", [False, True])
def test_only_superusers_link_an_account_to_somebody_else(site: Client, helper: User, *, is_superuser: bool) -> None:
    """Otherwise, people could act as a colleague by an account of their own, and approve their own run."""
    other = User.objects.create_user("other", is_staff=True, is_superuser=is_superuser)
    mine = SlackLink.objects.create(team="T1", slack_user="U0HELPER", user=helper)
    for address in ("add/", f"{mine.pk}/change/"):
        assert asked_for(site, other, address).status_code == 403
    assert [(link.slack_user, link.user) for link in SlackLink.objects.all()] == [("U0HELPER", helper)]


def test_only_superusers_link_an_account_to_themselves(site: Client, helper: User) -> None:
    """Otherwise, a colleague's presses could count as theirs."""
    mine = SlackLink.objects.create(team="T1", slack_user="U0HELPER", user=helper)
    carlas = SlackLink.objects.create(team="T1", slack_user="U0CARLA", user=User.objects.create_user("carla"))
    assert asked_for(site, helper, f"{carlas.pk}/change/", slack_user="U0CARLA").status_code == 403
    assert site.post(f"{LINKS}{carlas.pk}/delete/", {"post": "yes"}).status_code == 302
    assert asked_for(site, helper, slack_user="U0CARLA").status_code == 403
    assert asked_for(site, helper, f"{mine.pk}/change/", slack_user="U0CARLA").status_code == 403
    assert [(link.slack_user, link.user) for link in SlackLink.objects.all()] == [("U0HELPER", helper)]
    assert site.get(f"{LINKS}{mine.pk}/change/").status_code == 200, "they may look"


def test_the_link_of_a_deleted_user_can_be_moved_to_another_user(client: Client, root: User, helper: User) -> None:
    """A sidecar's platform deletes users without this Django, so the link stays."""
    gone = User.objects.create_user("gone", is_staff=True)
    link = SlackLink.objects.create(team="T1", slack_user="U0GONE", user=gone)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id = %s", [gone.pk])
    client.force_login(helper)
    assert asked_for(client, helper, f"{link.pk}/change/").status_code == 403
    client.force_login(root)
    assert client.get(f"{LINKS}{link.pk}/change/").status_code == 200
    assert asked_for(client, helper, f"{link.pk}/change/").status_code == 302
    link.refresh_from_db()
    assert link.user == helper


def test_superusers_can_link_everybody(client: Client, root: User) -> None:
    client.force_login(root)
    sleeping = User.objects.create_superuser("sleeping", is_active=False)
    for number, other in enumerate((root, sleeping)):
        assert asked_for(client, other, slack_user=f"U{number}").status_code == 302


def test_the_logs_say_as_whom_an_account_acts_and_acted_before(
    client: Client, root: User, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(root)
    ana, ben = (User.objects.create_user(name, is_staff=True) for name in ("ana", "ben"))
    by = f"root (user {root.pk})"
    as_ana, as_ben = (f"U0MALLORY in T1 as {user} (user {user.pk})" for user in (ana, ben))
    with caplog.at_level(logging.INFO, "bot"):
        asked_for(client, ana)
        assert log_entry() == (f"U0MALLORY in T1 as user {ana.pk}", f"Added: {as_ana}.")
        link = SlackLink.objects.get()
        asked_for(client, ben, f"{link.pk}/change/")
        assert log_entry() == (f"U0MALLORY in T1 as user {ben.pk}", f"Changed: {as_ben}. Before: {as_ana}.")
        client.post(f"{LINKS}{link.pk}/delete/", {"post": "yes"})
        assert log_entry()[0] == f"U0MALLORY in T1 as user {ben.pk}"
    assert [record.message for record in caplog.records if record.name == "bot.runs.accounts"] == [
        f"may act: {as_ana}, by {by}",
        f"may act: {as_ben}, by {by}; before: {as_ana}",
        f"may no longer act: {as_ben}, by {by}",
    ]


def test_anybodys_links_can_be_removed_and_are_logged_one_by_one(
    site: Client, root: User, caplog: pytest.LogCaptureFixture
) -> None:
    """A helper who may remove links must be able to lock out a stolen account at once."""
    links = [SlackLink.objects.create(team="T1", slack_user=f"U{number}", user=root) for number in range(2)]
    with caplog.at_level(logging.INFO, "bot"):
        chosen = [link.pk for link in links]
        site.post(LINKS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert not SlackLink.objects.exists()
    assert [f"may no longer act: U{number} in T1 as root" in caplog.text for number in range(2)] == [True, True]


def test_slacks_data_of_the_former_account_does_not_count_for_another_one(
    client: Client, root: User, helper: User
) -> None:
    client.force_login(root)
    now = timezone.now()
    link = SlackLink.objects.create(team="T1", slack_user="U1", user=helper, by_email=True, checked_at=now)
    client.post(f"{LINKS}{link.pk}/change/", {"team": "T1", "slack_user": "U1", "user": helper.pk})
    assert SlackLink.objects.get().checked_at == now, "nothing was changed"
    asked_for(client, helper, f"{link.pk}/change/")
    link.refresh_from_db()
    assert (link.slack_user, link.by_email, link.checked_at) == ("U0MALLORY", False, None)


def test_tokens_are_removed_with_a_line_in_the_log(
    client: Client, root: User, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(root)
    token, _ = tokens.issue(root, "CI")
    with caplog.at_level(logging.INFO, "bot"):
        client.post(f"/admin/runtask/apitoken/{token.pk}/delete/", {"post": "yes"})
    assert f"may no longer act: API token {token.pk}, CI, as root" in caplog.text
    assert log_entry()[0] == f"CI of user {root.pk}"
