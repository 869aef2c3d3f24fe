"""A schedule's times in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.words import cron, when


def crontab(expression: str, timezone: str = "Europe/Berlin") -> CrontabSchedule:
    minute, hour, day, month, weekday = expression.split()
    return CrontabSchedule(
        minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday, timezone=timezone
    )


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 2 * * *", "every day at 02:00"),
        ("30 13 * * *", "every day at 13:30"),
        ("0 2 * * 1-5", "Monday through Friday at 02:00"),
        ("0 2 1 * *", "on day 1 of the month at 02:00"),
        ("0 6 * 12 *", "only in December at 06:00"),
        ("*/5 * * * *", "every 5 minutes"),
        ("* * * * *", "every minute"),
        ("0 * * * *", "every hour"),
        ("0,30 * * * *", "at 0 and 30 minutes past the hour"),
        ("0 2,14 * * *", "every day at 02:00 and 14:00"),
        ("99 x * * *", "at 99 x * * * (minute, hour, day, month, weekday)"),
    ],
)
def test_a_crontab_reads_as_a_sentence(expression: str, words: str) -> None:
    assert cron(crontab(expression)).lower() == words.lower()


@given(st.lists(st.text("0123456789*/,-LW#?monTUE \t", min_size=1, max_size=8), min_size=5, max_size=5))
def test_no_crontab_however_odd_breaks_the_form(parts: list[str]) -> None:
    minute, hour, day, month, weekday = parts
    odd = CrontabSchedule(minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday)
    assert cron(odd)


def test_a_crontab_names_its_time_zone() -> None:
    assert when(row(crontab=saved(crontab("0 2 * * *")))) == "every day at 02:00, Europe/Berlin"


@pytest.mark.parametrize(
    ("every", "period", "words"),
    [
        (5, "minutes", "every 5 minutes"),
        (1, "days", "every day"),
        (1, "hours", "every hour"),
        (90, "seconds", "every 90 seconds"),
    ],
)
def test_an_interval(every: int, period: str, words: str) -> None:
    assert when(row(interval=saved(IntervalSchedule(every=every, period=period)))) == words


def test_a_moment() -> None:
    at = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    assert when(row(clocked=saved(ClockedSchedule(clocked_time=at)), one_off=True)) == "once, at 2026-12-24 18:00 UTC"


def test_the_sun() -> None:
    sun = SolarSchedule(event="sunset", latitude=48.2, longitude=16.4)
    assert "Sunset" in when(row(solar=saved(sun)))


def test_a_row_that_lost_its_schedule_says_so() -> None:
    assert when(PeriodicTask(name="x")) == "no schedule"


def saved(schedule: Any) -> Any:
    schedule.pk = 1
    return schedule


def row(**schedule: Any) -> PeriodicTask:
    return PeriodicTask(name="x", **schedule)
