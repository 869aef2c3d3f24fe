"""What every entry over HTTP needs of Django, whichever it is: the run page, the endpoint for scripts, Slack's."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import HttpRequest
from django.views.decorators.csrf import csrf_exempt

BODY_LIMIT = 1_000_000  # bytes; a Slack view is at most 250 kB and comes with its state
PATIENCE = 5.0  # seconds for starting a run where nobody gives up as soon as Slack does

V = TypeVar("V", bound=Callable[..., Any])


class TooLarge(Exception):
    """A body of more than BODY_LIMIT bytes, or one that lies about its length."""


def no_browser(view: V) -> V:
    """A view for programs, which makes sure itself who calls: no cookie's forgery check, and no redirect to a login page."""
    return csrf_exempt(login_not_required(view))


def outside_transactions(view: V) -> V:
    """The view with no transaction around it on any database, whatever ATOMIC_REQUESTS says.

    A run must be committed before it is sent, and our tables are wherever the project's routers put them.
    """
    for alias in connections.settings:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


def raw_body(request: HttpRequest) -> bytes:
    """Raises TooLarge before more than BODY_LIMIT bytes are read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal()) or len(length) > 9 or int(length) > BODY_LIMIT:
        raise TooLarge
    raw = request.read(BODY_LIMIT + 1)
    if len(raw) > BODY_LIMIT:
        raise TooLarge
    return bytes(raw)
