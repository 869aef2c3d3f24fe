"""The addresses of a project without an admin."""

from django.urls import include, path

urlpatterns = [path("tools/runtask/", include("bot.urls"))]
