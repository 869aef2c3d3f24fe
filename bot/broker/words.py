"""Describes a schedule's times in words."""

from datetime import UTC

from celery import Celery
from celery.schedules import ParseException
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from bot.broker.cronwords import sentence
from bot.core.text import one_line

LARGER = {
    "microseconds": (1_000_000, "seconds"),
    "seconds": (60, "minutes"),
    "minutes": (60, "hours"),
    "hours": (24, "days"),
}
UNITS = {*LARGER, "days"}


def when(row: PeriodicTask, app: Celery, unknown_zone: str = "") -> str:
    """`every day at 02:00, Europe/Berlin`, `every 5 minutes`, … `app` is beat's Celery app.

    Makes one query if the related row with the times isn't loaded.

    `unknown_zone`: the name of the crontab's time zone, if this machine doesn't know it.
    """
    if row.interval_id:
        words = _interval(row.interval.every, row.interval.period)
    elif row.crontab_id:
        if unknown_zone:
            zone = f"{one_line(unknown_zone)} (this time zone isn't known here)"
        else:
            zone = _zone(row.crontab, app)
        words = f"{crontab_in_words(row.crontab)}, {zone}"
    elif row.solar_id:
        words = str(row.solar)
    elif row.clocked_id:
        at = row.clocked.clocked_time
        if timezone.is_naive(at):
            at = at.replace(tzinfo=UTC)  # as beat reads it (django_celery_beat/clockedschedule.py)
        return f"once, at {at:%Y-%m-%d %H:%M %Z}"
    else:
        # beat's own model refuses such a row, but a platform's subclass of it may have times of another kind.
        return "a schedule of a kind that runtask doesn't know"
    return f"{words}, but only once" if row.one_off else words


def _interval(every: int, unit: str) -> str:
    """Names the interval in the largest unit that gives a whole number. beat stores Celery's `timedelta`s in seconds."""
    while every and unit in LARGER and every % LARGER[unit][0] == 0:
        size, unit = LARGER[unit]
        every //= size
    return f"every {unit[:-1]}" if every == 1 and unit in UNITS else f"every {every} {one_line(unit)}"


def _zone(crontab: CrontabSchedule, app: Celery) -> str:
    """The time zone in which beat reads the row: its own or, with DJANGO_CELERY_BEAT_TZ_AWARE = False, that of the Celery app."""
    try:
        times = crontab.schedule
    except (ValueError, ParseException):
        return str(crontab.timezone)
    times.app = app  # otherwise `tz` would be that of this thread's current app
    return str(times.tz)


def crontab_in_words(crontab: CrontabSchedule) -> str:
    """Describes the numbers that Celery reads, without the time zone.

    The package cron-descriptor isn't used: it calls `*/7` "every 7 minutes", which is wrong at each new hour.
    """
    try:
        times = crontab.schedule
    except (ValueError, ParseException):  # beat can't send such a row, for example one with 7 for Sunday
        fields = (crontab.minute, crontab.hour, crontab.day_of_month, crontab.month_of_year, crontab.day_of_week)
        return (
            f"at {' '.join(one_line(field) for field in fields)} (minute, hour, day, month, weekday; Celery refuses it)"
        )
    return sentence(
        minutes=times.minute,
        hours=times.hour,
        days=times.day_of_month,
        months=times.month_of_year,
        weekdays=times.day_of_week,
    )
