"""Authenticates callers: by an API token, or by the site's session with Django's own CSRF check."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from bot.web import beyond_staff, tokens
from bot.web.api.errors import ApiError

REALM = 'Bearer realm="runtask"'
LOG_IN = "Send an API token: `Authorization: Bearer rt_…`. An administrator makes one with `runtask token add`."
UNKNOWN = "This token is unknown; it may have been removed."
NO_CSRF = "A session needs Django's CSRF token in the header X-CSRFToken: {reason}"
ADMIN_REFUSES = (
    "The site's admin requires more than this log-in, such as a second factor. Log in there, or send an API token."
)


class _Check(CsrfViewMiddleware):
    """Django's check, which here returns the reason for a refusal instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:  # noqa: ARG002
        return reason


def caller(request: HttpRequest) -> Any:
    """The authenticated user. Raises ApiError: 401, or 403 if a session isn't enough. An unknown token is always a 401."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if (user := tokens.user_of(secret.strip())) is not None:
            return user
        raise ApiError(401, "bad_token", UNKNOWN, headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'})
    user = getattr(request, "user", None)  # a project need not have sessions
    if user is None or not user.is_authenticated:
        raise ApiError(401, "no_token", LOG_IN, headers={"WWW-Authenticate": REALM})
    if reason := _forged(request):
        raise ApiError(403, "csrf", NO_CSRF.format(reason=reason))
    if beyond_staff.is_missing(request):
        raise ApiError(403, "not_allowed", ADMIN_REFUSES)
    return user


def _forged(request: HttpRequest) -> Any:
    """Why Django's CSRF check refuses this request; None if it doesn't."""
    check = _Check(lambda _: HttpResponse())
    check.process_request(request)
    return check.process_view(request, lambda _: HttpResponse(), (), {})
