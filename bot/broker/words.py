"""Describes a schedule's times in words."""

from celery.schedules import ParseException
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from bot.broker.cronwords import sentence
from bot.core.text import one_line


def when(row: PeriodicTask) -> str:
    """`every day at 02:00, Europe/Berlin`, `every 5 minutes`, …. May read one related row."""
    if row.crontab_id:
        return f"{cron(row.crontab)}, {row.crontab.timezone}"
    if row.interval_id:
        return str(row.interval)
    if row.clocked_id:
        return f"once, at {row.clocked.clocked_time:%Y-%m-%d %H:%M %Z}".strip()
    return str(row.solar) if row.solar_id else "no schedule"


def cron(crontab: CrontabSchedule) -> str:
    """Celery says what it reads in the fields. For cron-descriptor, `*/7` is "every 7 minutes", also around the hour."""
    try:
        times = crontab.schedule
    except (ValueError, ParseException):  # beat doesn't send it, not even with Sunday as 7, which its admin allows
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
