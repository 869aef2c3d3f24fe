"""Links and tokens in the admin: nobody gives away more rights than they have, and the log says who acts as whom."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from bot.models import SlackLink
from bot.web import rights, tokens
from bot.web.texts import MORE_RIGHTS

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


@pytest.mark.parametrize(
    ("flags", "permission"),
    [({"is_superuser": True}, ""), ({}, "change_user"), ({"is_active": False}, ""), ({"is_staff": False}, "add_group")],
    ids=["superuser", "may do more", "deactivated", "may do more elsewhere"],
)
def test_nobody_links_an_account_to_a_user_with_more_rights(
    site: Client, flags: dict[str, bool], permission: str
) -> None:
    other = permitted(User.objects.create_user("other", is_staff=True), permission)
    User.objects.filter(pk=other.pk).update(**flags)
    mine = SlackLink.objects.create(team="T1", slack_user="U0HELPER", user=User.objects.get(username="helper"))
    for address in ("add/", f"{mine.pk}/change/"):
        assert MORE_RIGHTS in asked_for(site, other, address).content.decode()
    assert [str(link.user) for link in SlackLink.objects.all()] == ["helper"]


def test_a_link_to_a_user_with_more_rights_can_not_get_another_account(site: Client, root: User) -> None:
    link = SlackLink.objects.create(team="T1", slack_user="U0ROOT", user=root)
    assert MORE_RIGHTS in asked_for(site, root, f"{link.pk}/change/").content.decode()
    assert SlackLink.objects.get().slack_user == "U0ROOT"


def test_an_account_is_linked_to_a_groups_member_only_by_another_member(site: Client, helper: User) -> None:
    """A rule may give rights to that group."""
    finance, other = Group.objects.create(name="finance"), User.objects.create_user("other", is_staff=True)
    other.groups.add(finance)
    assert MORE_RIGHTS in asked_for(site, other).content.decode()
    helper.groups.add(finance)
    assert asked_for(site, other).status_code == 302


def test_users_with_no_more_rights_can_be_linked(site: Client, helper: User) -> None:
    for number, other in enumerate((helper, permitted(User.objects.create_user("ana", is_staff=True), "view_user"))):
        assert asked_for(site, other, slack_user=f"U{number}").status_code == 302
    assert SlackLink.objects.count() == 2


def test_superusers_can_link_everybody(client: Client, root: User) -> None:
    client.force_login(root)
    sleeping = User.objects.create_superuser("sleeping", is_active=False)
    for number, other in enumerate((root, sleeping)):
        assert asked_for(client, other, slack_user=f"U{number}").status_code == 302


def test_people_who_may_not_view_users_learn_no_names_from_the_form(client: Client, root: User) -> None:
    only_adds = permitted(User.objects.create_user("adds", is_staff=True), "add_slacklink", "change_slacklink")
    client.force_login(only_adds)
    link = SlackLink.objects.create(team="T1", slack_user="U0ADDS", user=only_adds)
    for answer in (client.get(f"{LINKS}add/"), asked_for(client, root), asked_for(client, root, f"{link.pk}/change/")):
        assert answer.status_code == 403
        assert "root" not in answer.content.decode()


def test_the_logs_say_as_whom_an_account_acts_and_acted_before(
    site: Client, root: User, caplog: pytest.LogCaptureFixture
) -> None:
    ana, ben = (User.objects.create_user(name, is_staff=True) for name in ("ana", "ben"))
    helper = f"helper (user {User.objects.get(username='helper').pk})"
    as_ana, as_ben = (f"U0MALLORY in T1 as {user} (user {user.pk})" for user in (ana, ben))
    with caplog.at_level(logging.INFO, "bot"):
        asked_for(site, ana)
        assert log_entry() == (f"U0MALLORY in T1 as user {ana.pk}", f"Added: {as_ana}.")
        link = SlackLink.objects.get()
        asked_for(site, ben, f"{link.pk}/change/")
        assert log_entry() == (f"U0MALLORY in T1 as user {ben.pk}", f"Changed: {as_ben}. Before: {as_ana}.")
        site.post(f"{LINKS}{link.pk}/delete/", {"post": "yes"})
        assert log_entry()[0] == f"U0MALLORY in T1 as user {ben.pk}"
    assert [record.message for record in caplog.records if record.name == "bot.runs.accounts"] == [
        f"may act: {as_ana}, by {helper}",
        f"may act: {as_ben}, by {helper}; before: {as_ana}",
        f"may no longer act: {as_ben}, by {helper}",
    ]


def test_removing_needs_no_rights_of_the_users_and_is_logged_one_by_one(
    site: Client, root: User, caplog: pytest.LogCaptureFixture
) -> None:
    """A helper who may remove links must be able to lock out a stolen account at once."""
    links = [SlackLink.objects.create(team="T1", slack_user=f"U{number}", user=root) for number in range(2)]
    with caplog.at_level(logging.INFO, "bot"):
        chosen = [link.pk for link in links]
        site.post(LINKS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert not SlackLink.objects.exists()
    assert [f"may no longer act: U{number} in T1 as root" in caplog.text for number in range(2)] == [True, True]


def test_slacks_data_of_the_former_account_does_not_count_for_another_one(site: Client, helper: User) -> None:
    now = timezone.now()
    link = SlackLink.objects.create(team="T1", slack_user="U1", user=helper, by_email=True, checked_at=now)
    site.post(f"{LINKS}{link.pk}/change/", {"team": "T1", "slack_user": "U1", "user": helper.pk})
    assert SlackLink.objects.get().checked_at == now, "nothing was changed"
    asked_for(site, helper, f"{link.pk}/change/")
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


@dataclass
class Plain:
    """A user of a model with as little as Django's admin needs."""

    may: tuple[str, ...] = ()
    is_active: bool = True
    is_staff: bool = True
    pk: int = 1

    def get_username(self) -> str:
        return "plain"

    def has_perm(self, name: str) -> bool:
        return name in self.may


def test_user_models_without_superusers_and_groups_are_compared_too() -> None:
    little, much = Plain(("auth.view_user",)), Plain(("auth.view_user", "auth.add_user"))
    assert rights.may_act_as(much, little)
    assert rights.may_act_as(little, little)
    assert not rights.may_act_as(little, much)
    assert not rights.may_act_as(Plain(is_staff=False), Plain())
