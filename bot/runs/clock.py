"""The time by the database's clock. Dates that processes compare are by this clock, as the clocks of their machines may differ.

We ask the database only if its last answer is too old, or if this machine's clocks disagree. From that answer on, we count with
`elapsed`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connections
from django.utils import timezone

from bot.core.steady import elapsed
from bot.models import Run, database_of

LASTS = 10.0  # seconds until we ask again
JUMP = 0.5  # seconds by which this machine's two clocks may disagree
ASK = {  # by vendor; answers are in UTC, without a zone
    "postgresql": "SELECT clock_timestamp() AT TIME ZONE 'UTC'",  # now() would be the start of the transaction
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "sqlite": "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
}


@dataclass(frozen=True)
class _Reading:
    utc: datetime
    elapsed: float
    wall: float  # `time.time()` of this machine at that moment

    def now(self) -> datetime:
        return self.utc + timedelta(seconds=elapsed() - self.elapsed)

    def is_good(self) -> bool:
        return elapsed() - self.elapsed < LASTS and not self.is_off()

    def is_off(self) -> bool:
        """Whether this machine's two clocks disagree: the machine was asleep, or somebody has set its clock."""
        return abs((time.time() - self.wall) - (elapsed() - self.elapsed)) >= JUMP


_reading: _Reading | None = None


def now() -> datetime:
    """Like `django.utils.timezone.now`, but by the database's clock. Asks the database if the last answer is too old.

    In a transaction of ours, any earlier answer is good enough.
    """
    global _reading  # noqa: PLW0603  # one for the whole process
    connection = connections[database_of(Run)]
    if _reading is None or not (_reading.is_good() or connection.in_atomic_block):
        _reading = _ask()
    return last()


def last() -> datetime:
    """Like `now`, but never asks the database, for code that must not wait. Before the first answer: this machine's time."""
    reading = _reading
    return timezone.now() if reading is None else _as_django(reading.now())


def is_unsure() -> bool:
    """Whether `last` may be wrong, because this machine's clocks disagree. `now` asks the database then."""
    reading = _reading
    return reading is not None and reading.is_off()


def aware_now() -> datetime:
    """Like `now`, but with a time zone even if the project doesn't use USE_TZ."""
    moment = now()
    if timezone.is_aware(moment):
        return moment
    return timezone.make_aware(moment, timezone.get_default_timezone()).astimezone(UTC)


def ahead() -> timedelta:
    """How far this machine's clock is ahead of the database's. Always asks the database."""
    reading = _ask()
    return datetime.fromtimestamp(reading.wall, UTC) - reading.utc


def _ask() -> _Reading:
    connection = connections[database_of(Run)]
    began = elapsed()
    with connection.cursor() as cursor:
        cursor.execute(ASK[connection.vendor])
        (found,) = cursor.fetchone()
    ended, wall = elapsed(), time.time()
    if isinstance(found, str):
        found = datetime.fromisoformat(found)
    return _Reading(found.replace(tzinfo=UTC) + timedelta(seconds=(ended - began) / 2), ended, wall)


def _as_django(utc: datetime) -> datetime:
    return utc if settings.USE_TZ else timezone.make_naive(utc, timezone.get_default_timezone())


def iso(moment: datetime) -> str:
    """`moment` in UTC, in ISO format. In a project without USE_TZ, `moment` is naive local time."""
    return (moment if timezone.is_aware(moment) else timezone.make_aware(moment)).astimezone(UTC).isoformat()
