"""The admin in whose frame the pages stand."""

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import Http404
from django.urls import get_script_prefix, resolve

from bot.runs import links


def admin_site() -> AdminSite:
    """The one at `admin:index`: a project may have its own instead of Django's. Raises Http404 where none is."""
    address = links.path("admin:index")
    if not address:
        raise Http404("This page stands in the admin's frame, and no address of this site leads to an admin.")
    view = resolve(f"/{address.removeprefix(get_script_prefix())}").func
    site: AdminSite = getattr(view, "admin_site", admin.site)
    return site
