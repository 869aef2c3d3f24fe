"""The stand-alone site's error pages. Below `api/` they are JSON, even if a request fails before it reaches the API."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from bot.web.api.errors import UNEXPECTED

API = "/api/"  # the stand-alone site includes bot.urls at its root


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400) or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403) or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500) or defaults.server_error(request)


def _answer(request: HttpRequest, status: int) -> Any:
    """The error as JSON. None: the address isn't one of the API."""
    if not request.path_info.startswith(API):
        return None
    answer = UNEXPECTED[status].answer()
    answer.headers["Cache-Control"] = "no-store"
    return answer
