"""Adds a *Run…* link to every row in the admin's list of periodic tasks.

The link on a task's own page is in templates/admin/django_celery_beat/periodictask/change_form_object_tools.html, which
Django's admin finds by the model's name.
"""

from collections.abc import Sequence
from types import MethodType
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.sites import all_sites
from django.http import HttpRequest
from django.utils.html import format_html

from bot.compat import model_admin
from bot.runs import door, links
from bot.web.shielded import shielded


def add_links() -> None:
    """Adds the column to the ModelAdmin of PeriodicTask on each admin site. Only people who may run something see it.

    Call this when the URLs are loaded, as all apps have registered their ModelAdmins by then. May be called twice.
    """
    model = apps.get_model("django_celery_beat", "PeriodicTask")
    for site in all_sites:  # a project may have admin sites of its own
        if site.is_registered(model):
            _add_link(model_admin(site, model))


def without_inline_script(site: AdminSite) -> None:
    """Gives beat's form another template: beat's has an inline script, which the stand-alone site's policy forbids."""
    model = apps.get_model("django_celery_beat", "PeriodicTask")
    if site.is_registered(model):
        model_admin(site, model).change_form_template = "runtask/periodic_task.html"


def _add_link(shown_by: Any) -> None:
    before = shown_by.get_list_display

    def get_list_display(_: object, request: HttpRequest) -> Sequence[Any]:
        columns: Sequence[Any] = before(request)
        if not may_run(request) or run_link in columns:
            return columns
        return [*columns[:1], run_link, *columns[1:]]  # near the left edge, so that it is visible without scrolling

    shown_by.get_list_display = MethodType(get_list_display, shown_by)  # Django's checks want a method


def may_run(request: HttpRequest) -> bool:
    """Whether to show a link to the run page. That page checks the person's rights again."""
    return bool(links.path("runtask:run")) and shielded(lambda: door.may_see(request.user), otherwise=False)


@admin.display(description="run now")
def run_link(row: Any) -> str:
    address = f"{links.path('runtask:run')}?schedule={row.pk}"
    return format_html('<a href="{}" aria-label="Run {}…">Run…</a>', address, row.name)
