"""Describes a schedule's times in words."""

import re

import cron_descriptor
from cron_descriptor.Exception import FormatException, MissingFieldException, WrongArgumentException
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from bot.core.text import one_line

TIMES = re.compile(r"At \d\d:\d\d")


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
    """cron-descriptor's sentence with the days first: `At 02:00` becomes `every day at 02:00`."""
    options = cron_descriptor.Options()
    options.use_24hour_time_format = True
    fields = (crontab.minute, crontab.hour, crontab.day_of_month, crontab.month_of_year, crontab.day_of_week)
    expression = " ".join("".join(field.split()) for field in fields)
    try:
        sentence = one_line(cron_descriptor.get_description(expression, options))
    except (FormatException, MissingFieldException, WrongArgumentException):  # as beat's human_readable does
        return f"at {expression} (minute, hour, day, month, weekday)"
    if TIMES.match(sentence):
        times, _, days = sentence.partition(", ")
        sentence = f"{days or 'every day'} {times}"
    return sentence[:1].lower() + sentence[1:].replace(" At ", " at ", 1)
