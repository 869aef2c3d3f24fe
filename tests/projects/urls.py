"""The addresses of the unusual projects."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("office/", admin.site.urls),
    path("tools/runtask/", include("bot.urls")),
]
