"""The run page and the admin write to the audit log, and the admin shows it."""

from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission, User
from django.test import Client

from bot.models import ApiToken, Run, SlackLink
from bot.web import tokens
from tests.audit import records, told
from tests.factories import a_run
from tests.web.site import Site, fields
from tests.web.test_stop_page import of

LINKS = "/admin/runtask/slacklink/"
pytestmark = pytest.mark.django_db


class TestTheRunPage:
    def test_a_run_and_its_stop_are_recorded(self, site: Site) -> None:
        site.press_run(site.form())
        run = of(site)
        site.browser.post(f"/runs/{run.pk}/stop", fields(site.get(f"/runs/{run.pk}/stop")))
        assert told() == [(action, "web", "ana") for action in ("run.asked", "run.sent", "run.stop_asked")]

    def test_each_refusal_is_recorded_once(self, site: Site) -> None:
        form = site.form()
        site.refused(form, kwargs="{")
        site.get("/?q=night")
        stop = fields(site.get(f"/runs/{of(site).pk}/stop"))
        User.objects.update(is_staff=False)
        run = a_run().pk
        # Of these, only `/check` is not recorded: it is sent while somebody types.
        for address in ("/", "/check", f"/runs/{run}/stop", f"/runs/{run}/approve", f"/runs/{run + 1}/decline"):
            site.browser.post(address, {**form, **stop})
        site.browser.get(f"/?run={run}")
        assert told() == [("run.refused", "web", "ana")] * 6
        assert [(row.details["asked"], row.schedule_id, row.run_id) for row in records()] == [
            ("run", 7, None),
            ("run", 7, None),
            ("stop", None, run),
            ("approve", None, run),
            ("approve", None, run + 1),
            ("run", None, run),
        ]


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def mike() -> User:
    return User.objects.create_user("mike", is_staff=True)


def link(root: Client, user: User, address: str = "add/") -> None:
    form = {"team": "T1", "slack_user": "U1", "user": user.pk}
    assert root.post(LINKS + address, form).status_code == 302


def log() -> list[tuple[str, str, str, str]]:
    return [(row.action, row.entry, str(row.person or ""), str(row.about)) for row in records()]


ADDED, REMOVED = ("link.added", "admin", "root", "mike T1/U1"), ("link.removed", "admin", "root", "mike T1/U1")


class TestWhoMayActAsWhom:
    def test_a_link_is_added_moved_and_removed(self, root: Client, mike: User) -> None:
        other = User.objects.create_user("eva", is_staff=True)
        link(root, mike)
        row = SlackLink.objects.get()
        link(root, mike, f"{row.pk}/change/")  # changes nothing
        link(root, other, f"{row.pk}/change/")
        root.post(f"{LINKS}{row.pk}/delete/", {"post": "yes"})
        eva = ("admin", "root", "eva T1/U1")
        assert log() == [ADDED, REMOVED, ("link.added", *eva), ("link.removed", *eva)]

    @pytest.mark.parametrize("how", ["one", "selected"])
    def test_a_token_is_removed(self, root: Client, mike: User, how: str) -> None:
        token, secret = tokens.issue(mike, "CI")
        base = "/admin/runtask/apitoken/"
        if how == "one":
            root.post(f"{base}{token.pk}/delete/", {"post": "yes"})
        else:
            root.post(base, {"action": "delete_selected", ACTION_CHECKBOX_NAME: [token.pk], "post": "yes"})
        assert not ApiToken.objects.exists()
        assert log() == [("token.removed", "admin", "root", f"mike token {token.pk}")]
        assert records()[0].details == {"name": "CI"}
        assert secret not in str(vars(records()[0]))

    def test_links_and_tokens_deleted_with_their_user_are_recorded_as_removed(self, mike: User) -> None:
        SlackLink.objects.create(team="T1", slack_user="U1", user=mike)
        token, _ = tokens.issue(mike, "CI")
        mike.delete()
        assert not SlackLink.objects.exists()
        assert sorted(log()) == [
            ("link.removed", "system", "", "mike T1/U1"),
            ("token.removed", "system", "", f"mike token {token.pk}"),
        ]
        assert {row.details["code"] for row in records()} == {"user_deleted"}


class TestTheAdmin:
    """The list of records is for superusers, and for staff who have the permission. Nobody can change a record."""

    ADDRESS = "/admin/runtask/auditrecord/"

    @pytest.fixture
    def logged(self, site: Site) -> Site:
        site.press_run(site.form())
        User.objects.update(is_superuser=True)
        return site

    def rows(self, site: Site, query: str = "") -> list[Any]:
        return list(site.browser.get(self.ADDRESS + query).context["cl"].result_list)

    def test_the_list_is_filtered_by_person_schedule_action_day_and_run(self, logged: Site) -> None:
        asked, sent = records()
        day = f"{asked.at:%Y-%m-%d}"
        for query in (
            f"by={asked.person_id}",
            "of=7",
            f"of_run={asked.run_id}",
            f"day={day}",
            "q=ana",
            f"q={asked.run_id}",
        ):
            assert self.rows(logged, f"?{query}") == [sent, asked], query
        assert self.rows(logged, "?what=run.sent") == [sent]
        for query in (
            "by=99",
            "by=x",
            "of=8",
            "of_run=999999999",
            "day=2001-01-01",
            "day=x",
            "day=9999-12-31",
            "q=nobody",
            "of=" + "9" * 30,
        ):
            assert self.rows(logged, f"?{query}") == [], query

    def test_a_record_links_to_its_run_while_the_run_exists(self, logged: Site) -> None:
        run = records()[0].run_id
        address = f'<a href="/runs/{run}/">{run}</a>'
        assert address in logged.get(self.ADDRESS)
        assert address in logged.get(f"{self.ADDRESS}{records()[0].pk}/change/")
        Run.objects.all().delete()
        assert address not in logged.get(self.ADDRESS)

    def test_names_are_shown_as_text(self, logged: Site) -> None:
        User.objects.update(username="<b>ana</b>")
        logged.press_run(logged.form())
        assert "<b>ana</b>" not in logged.get(self.ADDRESS)
        assert "&lt;b&gt;ana" in logged.get("/admin/runtask/person/")

    def test_nobody_changes_anything(self, logged: Site) -> None:
        address = f"{self.ADDRESS}{records()[0].pk}/"
        for path in ("add/", f"{records()[0].pk}/delete/"):
            assert logged.browser.get(self.ADDRESS + path).status_code == 403
        form = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [records()[0].pk], "post": "yes"}
        client = Client()
        client.force_login(logged.user)
        for path in (self.ADDRESS, f"{address}change/", f"{address}delete/"):
            client.post(path, form)
        assert len(records()) == 2

    @pytest.mark.parametrize(("permission", "status"), [("view_auditrecord", 200), ("view_run", 403)])
    def test_staff_need_the_permission(self, site: Site, permission: str, status: int) -> None:
        site.user.user_permissions.add(Permission.objects.get(codename=permission))
        assert site.browser.get(self.ADDRESS).status_code == status
