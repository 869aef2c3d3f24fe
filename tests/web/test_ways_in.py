"""The project's own admin has links to the run page."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.checks import run_checks
from django.test import Client
from django.urls import clear_url_caches, include, path, reverse
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from bot.compat import model_admin
from bot.web import beat_admin
from tests.factories import a_row

pytestmark = pytest.mark.django_db
BEAT = "/admin/django_celery_beat/periodictask/"


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    reverse("runtask:run")  # loads our URLs, which add the column to beat's list
    return client


def links(page: Any, text: str) -> list[str]:
    return re.findall(rf'<a href="([^"]*)"[^>]*>\s*{text}\s*</a>', page.content.decode())


def test_the_menu_of_the_admin_has_the_run_page(root: Client) -> None:
    assert "/admin/runtask/runnow/" in links(root.get("/admin/"), "Run a schedule")
    answer = root.get("/admin/runtask/runnow/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_staff_without_any_permission_find_the_run_page_there_too(client: Client) -> None:
    client.force_login(User.objects.create_user("ana", is_staff=True))
    assert links(client.get("/admin/"), "Run a schedule")
    assert client.get("/admin/runtask/run/").status_code == 403


def test_the_link_in_the_menu_shows_no_run(root: Client) -> None:
    """The link belongs to a proxy model of runs, whose arguments may be secret."""
    for address in ("add/", "1/", "1/change/", "1/history/"):
        assert root.get(f"/admin/runtask/runnow/{address}").status_code == 404


def test_every_row_of_the_list_of_periodic_tasks_has_run(root: Client) -> None:
    row = a_row("<b>Nightly</b>")
    page = root.get(BEAT)
    assert links(page, "Run…") == [f"/?schedule={row.pk}"]
    assert 'aria-label="Run &lt;b&gt;Nightly&lt;/b&gt;…"' in page.content.decode()
    assert [f"{BEAT}{row.pk}/change/"] == links(page, "&lt;b&gt;Nightly&lt;/b&gt;")


def test_a_periodic_tasks_own_page_has_run(root: Client, settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True  # addresses must not group digits
    row = a_row(pk=12345)
    assert links(root.get(f"{BEAT}{row.pk}/change/"), "Run…") == [f"/?schedule={row.pk}"]
    assert links(root.get(f"{BEAT}add/"), "Run…") == []


def test_the_list_of_runs_has_a_way_to_start_one(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_run"))
    client.force_login(viewer)
    assert "/" in links(client.get("/admin/runtask/run/"), "Run a schedule")


def test_a_projects_own_admin_of_periodic_tasks_gets_the_links_too(root: Client) -> None:
    class Ours(PeriodicTaskAdmin):  # type: ignore[misc]  # beat has no types
        change_form_template = None

        def get_list_display(self, request: Any) -> tuple[str, ...]:
            return ("__str__", "task")

    before = model_admin(admin.site, PeriodicTask)
    admin.site.unregister(PeriodicTask)
    admin.site.register(PeriodicTask, Ours)
    clear_url_caches()
    try:
        beat_admin.add_links()
        beat_admin.add_links()
        row = a_row()
        assert links(root.get(BEAT), "Run…") == [f"/?schedule={row.pk}"]
        assert links(root.get(f"{BEAT}{row.pk}/change/"), "Run…") == [f"/?schedule={row.pk}"]
    finally:
        admin.site._registry[PeriodicTask] = before
        clear_url_caches()


def test_a_projects_own_admin_site_gets_the_links_too(root: Client, settings: Any) -> None:
    office = admin.AdminSite("office")
    office.register(PeriodicTask, PeriodicTaskAdmin)
    settings.ROOT_URLCONF = (path("office/", office.urls), path("", include("bot.urls")))
    beat_admin.add_links()
    row = a_row()
    address = "/office/django_celery_beat/periodictask/"
    assert links(root.get(address), "Run…") == [f"/?schedule={row.pk}"]
    assert links(root.get(f"{address}{row.pk}/change/"), "Run…") == [f"/?schedule={row.pk}"]


def test_without_the_run_page_the_admin_has_no_link_to_it(root: Client, settings: Any) -> None:
    """A project that uses only Socket Mode may include none of our addresses."""
    settings.ROOT_URLCONF = (path("admin/", admin.site.urls),)
    a_row()
    assert links(root.get("/admin/"), "Run a schedule") == []
    assert links(root.get(BEAT), "Run…") == []
    assert links(root.get("/admin/runtask/run/"), "Run a schedule") == []


def test_the_run_page_works_under_any_address(root: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = (path("admin/", admin.site.urls), path("ops/run/", include("bot.urls")))
    row = a_row()
    assert links(root.get(BEAT), "Run…") == [f"/ops/run/?schedule={row.pk}"]
    page = root.get(f"/ops/run/?schedule={row.pk}").content.decode()
    assert 'action="/ops/run/"' in page
    assert 'data-check="/ops/run/check"' in page


def test_djangos_checks_find_no_problem() -> None:
    assert [found for found in run_checks() if found.id and found.id.startswith(("admin.", "urls."))] == []
