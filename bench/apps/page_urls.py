"""A simple page for runtask's purpose, a view for staff that parses JSON and calls `send_task`; and the admin with beat's action."""

import json

from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from bot.celery import app


@staff_member_required
def run(request: HttpRequest) -> HttpResponse:
    kwargs = json.loads(request.POST["kwargs"])
    result = app.send_task(request.POST["task"], kwargs=kwargs)
    return JsonResponse({"id": result.id})


urlpatterns = [path("run", run), path("admin/", admin.site.urls)]
