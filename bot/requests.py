"""Helpers for all entries over HTTP: the pages, the API, and Slack's endpoint."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections, transaction
from django.http import HttpRequest
from django.views.decorators.csrf import csrf_exempt

from bot.compat import login_not_required

START_LIMIT = 5.0  # seconds for starting a run over the web, where clients wait longer than Slack does
BODY_LIMIT = 1_000_000  # bytes. Slack sends a view, which has at most 250 kB, together with the view's state.

V = TypeVar("V", bound=Callable[..., Any])


class TooLarge(Exception):
    """The body has more than BODY_LIMIT bytes, or its Content-Length is wrong."""


def no_browser(view: V) -> V:
    """A view for programs. It authenticates callers itself, so it has no CSRF check and no redirect to a login page."""
    return csrf_exempt(login_not_required(view))


def outside_transactions(view: V) -> V:
    """Runs the view without a transaction on any database, even with ATOMIC_REQUESTS.

    A run must be committed before it is sent, and the project's routers decide which database has our tables.
    """
    for alias in connections.settings:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


def raw_body(request: HttpRequest) -> bytes:
    """Reads at most BODY_LIMIT bytes. Raises TooLarge."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal()) or len(length) > 9 or int(length) > BODY_LIMIT:
        raise TooLarge
    raw = request.read(BODY_LIMIT + 1)
    if len(raw) > BODY_LIMIT:
        raise TooLarge
    return bytes(raw)
