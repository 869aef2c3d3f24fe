"""API tokens. A script with a token acts as its user. A token is shown once, and only digests are kept."""

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth.hashers import is_password_usable
from django.db import Error
from django.db.models import Q
from django.http import HttpRequest

from bot.models import ApiToken, writers_turn
from bot.runs import clock

log = logging.getLogger(__name__)

PREFIX = "rt_"  # lets scanners for leaked secrets recognise a token
RANDOM = 32  # bytes. Nobody can guess so many, so the digest needs neither salt nor stretching
YEAR = timedelta(days=365)
MINUTE = timedelta(minutes=1)


class Flaw(StrEnum):
    """Why a token isn't accepted, whatever its user may do."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105


@dataclass
class BadToken(Exception):
    """A token isn't accepted. `token` is its row, or None if there is none."""

    flaw: Flaw
    token: ApiToken | None = None


def bearer(request: HttpRequest) -> str | None:
    """The token that a request carries. None: it carries none.

    This removes the token from the request, because Django's error reports, which may be sent by e-mail, show the request.
    """
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    del request.META["HTTP_AUTHORIZATION"]
    return str(secret).strip()


def issue(user: Any, name: str, lifetime: timedelta = YEAR) -> tuple[ApiToken, str]:
    """A new token of this user: its row, and the secret, which isn't stored."""
    secret = PREFIX + secrets.token_urlsafe(RANDOM)
    digests = {"digest": digest(secret), "password_mark": password_mark(secret, user)}
    return ApiToken.objects.create(user=user, name=name, expires_at=clock.now() + lifetime, **digests), secret


def accepted(secret: str) -> ApiToken:
    """The token with its user, whose flags are as they are now. Raises BadToken."""
    token = ApiToken.objects.select_related("user").filter(digest=digest(secret)).first()
    if token is None:
        raise BadToken(Flaw.UNKNOWN)
    if token.has_expired(clock.now()):
        raise BadToken(Flaw.EXPIRED, token)
    mark = password_mark(secret, token.user)
    if not hmac.compare_digest(token.password_mark or mark, mark):
        raise BadToken(Flaw.PASSWORD_CHANGED, token)
    token.password_mark = mark  # a token of an older version has none until `used` saves this one
    return token


def used(token: ApiToken) -> None:
    """Records a use of an accepted token, and its password mark, at most once a minute. If that fails, the token still works."""
    now = clock.now()
    if token.used_at is not None and abs(now - token.used_at) < MINUTE:
        return
    is_due = Q(used_at=None) | Q(used_at__lte=now - MINUTE) | Q(used_at__gte=now + MINUTE)
    try:
        with writers_turn():
            ApiToken.objects.filter(is_due, pk=token.pk).update(used_at=now, password_mark=token.password_mark)
    except Error:
        log.warning("the use of token %s can't be recorded", token.pk, exc_info=True)


def digest(secret: str) -> str:
    return hashlib.sha256(_bytes(secret)).hexdigest()


def password_mark(secret: str, user: Any) -> str:
    """A digest that changes when the user's password is stored again.

    Its key is the token itself, so the row tells nothing about the password, and SECRET_KEY may change. All
    unusable passwords have the same digest, because some log-in back ends store a new one at each log-in.
    """
    password = getattr(user, "password", None) or ""
    usable = password if is_password_usable(password) else ""
    return hmac.new(_bytes(secret), usable.encode(), "sha256").hexdigest()


def _bytes(secret: str) -> bytes:
    return secret.encode(errors="surrogateescape")
