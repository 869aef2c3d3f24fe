"""API tokens. A script with a token acts as its user. A token is shown once, and only its digest is kept."""

import hashlib
import logging
import secrets
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError

from bot.models import ApiToken

log = logging.getLogger(__name__)

PREFIX = "rt_"  # lets scanners for leaked secrets recognise a token
RANDOM = 32  # bytes; they can't be guessed, so the digest needs neither salt nor stretching


def issue(user: Any, name: str) -> tuple[ApiToken, str]:
    """A new token of this user: its row, and the secret, which isn't stored."""
    secret = PREFIX + secrets.token_urlsafe(RANDOM)
    return ApiToken.objects.create(user=user, name=name, digest=digest(secret)), secret


def user_of(secret: str) -> Any | None:
    """The user that a token acts as, with the flags as they are now. None if there is no such token."""
    token = ApiToken.objects.select_related("user").filter(digest=digest(secret)).first()
    if token is None:
        return None
    _used(token)
    return token.user


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def _used(token: ApiToken) -> None:
    """At most one write per token and day, in UTC. If the write fails, the token works nevertheless."""
    today = datetime.now(UTC).date()
    if token.used_on == today:
        return
    try:
        ApiToken.objects.filter(pk=token.pk).update(used_on=today)
    except DatabaseError:
        log.warning("the use of token %s can't be recorded", token.pk, exc_info=True)
