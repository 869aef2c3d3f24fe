"""Authenticates callers: by an API token, or by the site's session with Django's own CSRF check."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from bot.core.audit import Act, Record, Who
from bot.core.entry import Entry
from bot.core.kinds import Kind
from bot.core.model import Actor
from bot.core.ports import NotSetUp
from bot.models import ApiToken
from bot.runs import denials, throttle
from bot.runs.actors import of_user
from bot.runs.door import Platform
from bot.web import beyond_staff, tokens
from bot.web.api.errors import ApiError
from bot.web.texts import CANT_RUN_NOW
from bot.web.tokens import BadToken, Flaw

log = logging.getLogger(__name__)

FAILURES = 10  # per minute and bucket. Further ones are answered with 429, and aren't recorded
BUCKETS = 4096  # rows that count failures. Each address is assigned to one of them, so that the table can't grow
REALM = 'Bearer realm="runtask"'
LOG_IN = "Send an API token: `Authorization: Bearer rt_…`. An administrator makes one with `runtask token add`."
NO_CSRF = "A session needs Django's CSRF token in the header X-CSRFToken: {reason}"
ADMIN_REFUSES = (
    "The site's admin requires more than this log-in, such as a second factor. Log in there, or send an API token."
)
FLAWS = {
    Flaw.UNKNOWN: "This token is unknown; it may have been removed.",
    Flaw.EXPIRED: "This token has expired. An administrator makes a new one with `runtask token add`.",
    Flaw.PASSWORD_CHANGED: (
        "This token is void, because its user's password has changed."
        " An administrator makes a new one with `runtask token add`."
    ),
}
TOO_MANY_FAILURES = "Too many requests with tokens that aren't valid came from your address. Try again in {seconds} s."


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The person who calls, and their token. Without a token, they have a session."""

    actor: Actor
    token: ApiToken | None = None


class _Check(CsrfViewMiddleware):
    """Django's CSRF check. Here, it returns the reason of a refusal instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:  # noqa: ARG002
        return reason


def caller(request: HttpRequest) -> Caller:
    """Authenticates the caller. A token that isn't valid is refused even with a session.

    Raises ApiError: 401, 403 if a session isn't enough, or 429 after too many tokens that aren't valid.
    """
    if (secret := tokens.bearer(request)) is not None:
        try:
            token = tokens.accepted(secret)
        except BadToken as exc:
            raise _refusal(request, exc) from None
        return Caller(actor=of_user(token.user, entry=Entry.API, token=str(token.pk)), token=token)
    user = getattr(request, "user", None)  # a project need not have sessions
    if user is None or not user.is_authenticated:
        raise ApiError(401, "no_token", LOG_IN, headers={"WWW-Authenticate": REALM})
    if reason := _forged(request):
        raise ApiError(403, "csrf", NO_CSRF.format(reason=reason))
    if beyond_staff.is_missing(request):
        raise ApiError(403, "not_allowed", ADMIN_REFUSES)
    return Caller(actor=of_user(user, entry=Entry.API))


def site_for(who: Caller, platform: Callable[[], Platform]) -> Platform:
    """The platform. Raises NotSetUp to staff only, as its reason may hold a text of the project's code. To others: ApiError."""
    try:
        return platform()
    except NotSetUp:
        if who.actor.is_active and who.actor.is_staff:
            raise
        log.exception("not set up")
        raise ApiError(503, "not_set_up", CANT_RUN_NOW) from None


def _refusal(request: HttpRequest, bad: BadToken) -> ApiError:
    """Counts and records a failure, and returns the error. Valid tokens from the same address go on working."""
    address = _network(request.META.get("REMOTE_ADDR", ""))
    bucket = int.from_bytes(hashlib.sha256(address.encode()).digest()[:4]) % BUCKETS
    try:
        seconds = throttle.seconds_to_wait(f"bad tokens {bucket}", FAILURES)
    except Error:
        log.exception("a bad token can't be counted")
        seconds = 0
    if seconds:
        text = TOO_MANY_FAILURES.format(seconds=seconds)
        return ApiError(429, "too_many_failures", text, headers={"Retry-After": str(seconds)})
    which = f"token {bad.token.pk} ({bad.flaw})" if bad.token else f"a token ({bad.flaw})"
    log.warning("the API refused %s from %s", which, address)
    denials.refuse(_record(bad, address))
    headers = {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
    return ApiError(401, "bad_token", FLAWS[bad.flaw], headers=headers, more={"reason": bad.flaw})


def _record(bad: BadToken, address: str) -> Record:
    token = bad.token
    actor = of_user(token.user, token=str(token.pk)) if token else None
    return Record(
        act=Act.RUN_REFUSED,
        entry=Entry.API,
        who=Who.of(actor) if actor else None,
        details={"code": Kind.BAD_TOKEN.value, "flaw": bad.flaw.value, **({} if actor else {"address": address})},
    )


def _network(address: str) -> str:
    """An IPv4 address; or the /64 network of an IPv6 address, as a customer gets at least a /64.

    Headers such as X-Forwarded-For aren't read, as every client can write them.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return "an unknown address"  # behind a socket file, a server knows none
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
    return str(found)


def _forged(request: HttpRequest) -> Any:
    """Why Django's CSRF check refuses this request; None if it doesn't."""
    check = _Check(lambda _: HttpResponse())
    check.process_request(request)
    return check.process_view(request, lambda _: HttpResponse(), (), {})
