"""Checks dates that workers write, which may be nonsense."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

FUTURE = timedelta(days=1)  # from now; a later date is nonsense


def as_django(at: datetime) -> datetime | None:
    """An aware date as Django's models want it. None: it is nonsense."""
    if at > datetime.now(UTC) + FUTURE:
        return None
    at = at.astimezone(UTC)
    return at if settings.USE_TZ else timezone.make_naive(at, timezone.get_default_timezone())
