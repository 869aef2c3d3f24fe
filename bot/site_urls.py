"""The URLs of the stand-alone site: the probes, the admin, and our own pages at the root."""

from django.contrib import admin
from django.urls import include, path

from bot import wiring
from bot.web import beat_admin
from bot.web.api import outside
from bot.web.probes import alive, ready

admin.site.site_header = admin.site.site_title = "Run tasks"
beat_admin.without_inline_script(admin.site)

# Django finds the handlers of errors by these names.
handler400, handler403 = outside.bad_request, outside.permission_denied
handler404, handler500 = outside.not_found, outside.server_error
urlpatterns = [
    path("healthz", alive),
    path("readyz", ready(wiring.installation, lambda: wiring.sources().for_new_runs)),
    path("admin/", admin.site.urls),
    path("", include("bot.urls")),
]
