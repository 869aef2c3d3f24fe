"""A path for each bare Bolt app, with Bolt's own adapter for Django."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from slack_bolt import App
from slack_bolt.adapter.django import SlackRequestHandler

from bench.apps.bolt import APPS


def view(app: App) -> Callable[[HttpRequest], HttpResponse]:
    handler = SlackRequestHandler(app)

    @csrf_exempt
    def handle(request: HttpRequest) -> HttpResponse:
        return handler.handle(request)

    return handle


urlpatterns = [path(name, view(make())) for name, make in APPS.items()]
