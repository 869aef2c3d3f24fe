"""The admin site whose frame the pages use."""

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import Http404
from django.urls import get_script_prefix, resolve

from bot.runs import links
from bot.web import texts


def admin_site() -> AdminSite:
    """The site at `admin:index`, which may be the project's own. Raises Http404 if there is none."""
    address = links.path("admin:index")
    if not address:
        raise Http404(texts.NO_ADMIN)
    view = resolve(f"/{address.removeprefix(get_script_prefix())}").func
    site: AdminSite = getattr(view, "admin_site", admin.site)
    return site
