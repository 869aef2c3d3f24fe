"""The addresses of the project with its own admin site."""

from django.contrib.admin import AdminSite
from django.urls import include, path

urlpatterns = [
    path("office/", AdminSite(name="office").urls),
    path("tools/runtask/", include("bot.urls")),
]
