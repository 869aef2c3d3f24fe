"""Times at which nothing may be run: `Fri 16:00-Mon 06:00 Europe/Berlin` each week, `22:00-06:00 Europe/Berlin` each day.

A window lasts from the first moment at which clocks in its zone show its start to the last moment at which they show its end.
So when clocks are put back, the repeated hour is closed both times. When they are put forward, no part of a window is lost.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
TEXT = re.compile(r"(?:([A-Za-z]{3}) )?([0-2][0-9]):([0-5][0-9])-(?:([A-Za-z]{3}) )?([0-2][0-9]):([0-5][0-9]) (\S+)")
LOOKED_AHEAD = timedelta(weeks=5)  # how long windows without a gap between them are followed


class BadWindow(ValueError):
    """The text isn't a window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A window. `begin` and `end` count from the start of a week (Monday) or, if `is_daily`, of a day. `end` is later."""

    begin: timedelta
    end: timedelta
    is_daily: bool
    zone: str

    def closed_until(self, now: datetime) -> datetime | None:
        """The end, in UTC, of the occurrence that contains `now`. None: no occurrence does."""
        zone = ZoneInfo(self.zone)
        until: datetime | None = None
        for begin, end in self._around(now.astimezone(zone).replace(tzinfo=None)):
            if _first(begin, zone) <= now < (last := _last(end, zone)):
                until = max(until or last, last)
        return until

    def _around(self, local: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The occurrences, in local time, that may contain a moment at which clocks in the zone show `local`."""
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        period = DAY if self.is_daily else WEEK
        first = midnight if self.is_daily else midnight - midnight.weekday() * DAY
        for start in (first - 2 * period, first - period, first, first + period):
            yield start + self.begin, start + self.end


@lru_cache(maxsize=1024)
def parse(text: str) -> Window:
    """The window in a text. Raises BadWindow."""
    match = TEXT.fullmatch(text.strip())
    if match is None:
        raise BadWindow(text)
    day, hour, minute, end_day, end_hour, end_minute, zone = match.groups()
    if (day is None) != (end_day is None) or not {day, end_day} - {None} <= {*DAYS, *(d.title() for d in DAYS)}:
        raise BadWindow(text)
    begin, end = _time(hour, minute), _time(end_hour, end_minute)
    if begin >= DAY or end > DAY:
        raise BadWindow(text)
    if day is not None and end_day is not None:
        begin, end = begin + DAYS.index(day.lower()) * DAY, end + DAYS.index(end_day.lower()) * DAY
    if begin == end:
        raise BadWindow(text)
    try:
        ZoneInfo(zone)
    except (ValueError, KeyError, OSError):  # malformed, unknown, or the name of a folder of time zones
        raise BadWindow(text) from None
    period = DAY if day is None else WEEK
    return Window(begin=begin, end=end if end > begin else end + period, is_daily=day is None, zone=zone)


def closed_until(windows: Iterable[str], now: datetime) -> datetime | None:
    """The first time, in UTC, at which nothing is closed. None: nothing is closed now. Windows may overlap.

    Looks only LOOKED_AHEAD. If something is closed all that time, this returns a later time, at which one of the windows ends.
    """
    found = [parse(window) for window in windows]
    until: datetime | None = None
    while ends := list(filter(None, (window.closed_until(until or now) for window in found))):
        until = max(ends)
        if until - now > LOOKED_AHEAD:
            break
    return until


def _time(hour: str, minute: str) -> timedelta:
    return timedelta(hours=int(hour), minutes=int(minute))


def _first(local: datetime, zone: tzinfo) -> datetime:
    """The first moment at which clocks in the zone show this time or a later one. They skip some times, and repeat others."""
    before, after = _utc(local, zone, 0), _utc(local, zone, 1)
    return before if before <= after else _jump(local, after, before, zone)


def _last(local: datetime, zone: tzinfo) -> datetime:
    """The moment after the last one at which clocks in the zone show an earlier time."""
    before, after = _utc(local, zone, 0), _utc(local, zone, 1)
    return after if before <= after else _jump(local, after, before, zone)


def _utc(local: datetime, zone: tzinfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _jump(local: datetime, low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The moment, between `low` and `high`, at which clocks were put forward over this time."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) >= local:
            high = middle
        else:
            low = middle
    return high
