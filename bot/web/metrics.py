"""`/metrics` for Prometheus (docs/operations.md). Without the right token, the page doesn't exist."""

import logging
import secrets
from collections.abc import Callable
from importlib.util import find_spec

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404
from django.views.decorators.http import require_safe

from bot.core.ports import NotSetUp
from bot.requests import no_browser, outside_transactions
from bot.web.tokens import bearer

log = logging.getLogger(__name__)


def is_possible() -> bool:
    """Whether the extra `metrics` is installed."""
    return find_spec("prometheus_client") is not None


def page(token: Callable[[], str]) -> Callable[[HttpRequest], HttpResponse]:
    """`token` returns RUNTASK_METRICS_TOKEN. If that is empty, or if `token` raises NotSetUp, the page doesn't exist."""

    @outside_transactions
    @no_browser
    def view(request: HttpRequest) -> HttpResponse:
        if not _is_allowed(request, token):
            raise Resolver404  # as for an unknown address, so that a project's own error page is shown
        answer = _shown(request)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return view


def _is_allowed(request: HttpRequest, token: Callable[[], str]) -> bool:
    try:
        expected = token()
    except NotSetUp:
        return False
    given = bearer(request)
    if not expected or given is None:
        return False
    if secrets.compare_digest(given.encode(errors="backslashreplace"), expected.encode()):
        return True
    log.warning("refused a request for the metrics: its token isn't RUNTASK_METRICS_TOKEN")
    return False


@require_safe
def _shown(_: HttpRequest) -> HttpResponse:
    if not is_possible():
        log.error("there are no metrics: install django-runtask with the extra `metrics`")
        raise Resolver404
    from bot.web import exposition  # noqa: PLC0415  # needs the extra `metrics`

    try:
        return HttpResponse(exposition.shown(), content_type=exposition.CONTENT_TYPE)
    except Error:
        log.exception("the metrics can't be read now")
        return HttpResponse("the database failed", status=503, content_type="text/plain")
