"""Where there is no admin."""

from django.urls import include, path

urlpatterns = [path("tools/runtask/", include("bot.urls"))]
