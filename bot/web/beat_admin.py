"""“Run…” on every row of the platform's own list of periodic tasks.

Its change page gets the link from a template that Django's admin looks for by the model's name:
`templates/admin/django_celery_beat/periodictask/change_form_object_tools.html`.
"""

from collections.abc import Sequence
from types import MethodType
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.sites import all_sites
from django.http import HttpRequest
from django.utils.html import format_html

from bot.core import policy
from bot.runs import actors, links


def add_links() -> None:
    """To whichever ModelAdmin each admin site has for PeriodicTask; called when the URLs are loaded: by then each app has registered its own.

    A column that only those see whom the door lets in. Twice is as good as once.
    """
    model = apps.get_model("django_celery_beat", "PeriodicTask")
    for site in all_sites:  # a project may have its own beside Django's, or instead of it
        if site.is_registered(model):
            _add_link(site.get_model_admin(model))


def _add_link(model_admin: Any) -> None:
    before = model_admin.get_list_display

    def get_list_display(_: object, request: HttpRequest) -> Sequence[Any]:
        columns: Sequence[Any] = before(request)
        if not may_run(request) or run_link in columns:
            return columns
        return [*columns[:1], run_link, *columns[1:]]  # in sight also where the others scroll

    model_admin.get_list_display = MethodType(get_list_display, model_admin)  # Django's checks want a method


def may_run(request: HttpRequest) -> bool:
    """Whether a link to the run page is shown: there is one, and the door lets this user in (it decides again behind the link)."""
    return bool(links.path("runtask:run")) and policy.check(actors.of_user(request.user)) is None


@admin.display(description="run now")
def run_link(row: Any) -> str:
    address = f"{links.path('runtask:run')}?schedule={row.pk}"
    return format_html('<a href="{}" aria-label="Run {}…">Run…</a>', address, row.name)
