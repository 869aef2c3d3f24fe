"""The words in which the times of a schedule are shown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from celery import Celery
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from django_celery_beat.schedulers import ModelEntry
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.words import crontab_in_words, when

APP = Celery("platform", set_as_current=False)
APP.conf.update(timezone="Asia/Tokyo")


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
        ("8 5,11,17,23 * * *", "every day at 05:08, 11:08, 17:08 and 23:08"),
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0,30 * * * *", "every 30 minutes"),
        ("0 * * * *", "every hour"),
        ("8 * * * *", "every hour at minute 8"),
        ("5-50/15 * * * *", "every hour at minutes 5, 20, 35 and 50"),
        ("*/7 * * * *", "every hour at every 7th minute from 0 to 56"),
        ("0 */2 * * *", "every 2 hours from 00:00 to 22:00"),
        ("0 22-4 * * *", "every hour from 00:00 to 04:00 and from 22:00 to 23:00"),
        ("*/15 9-17 * * *", "every 15 minutes from 09:00 to 17:45"),
        ("*/15 8-10,14-16 * * *", "every 15 minutes from 08:00 to 10:45 and from 14:00 to 16:45"),
        ("0 0-6,9 * * *", "every day at minute 0 of hours 0 to 6 and 9"),
        ("0,30 2,14 * * *", "every day at 02:00, 02:30, 14:00 and 14:30"),
        ("1-10/3 5-9 * * *", "every day at minutes 1, 4, 7 and 10 of hours 5 to 9"),
        ("* 5,7,9 * * *", "every minute of hours 5, 7 and 9"),
        ("0 2 * * 1-5", "Monday to Friday at 02:00"),
        ("0 2 * * fri-mon", "Friday to Monday at 02:00"),
        ("0 2 * * 0,6", "every Saturday and Sunday at 02:00"),
        ("*/15 * * * mon", "every Monday, every 15 minutes"),
        ("30 6 1 * *", "on day 1 of every month at 06:30"),
        ("0 2 1,2,5-7 * *", "on days 1, 2 and 5 to 7 of every month at 02:00"),
        ("0 2 */2 * *", "on every 2nd day from 1 to 31 of every month at 02:00"),
        ("0 2 1-7 * mon", "on days 1 to 7 of every month, only on Monday at 02:00"),
        ("0 2 1 1,7 *", "on day 1 of January and July at 02:00"),
        ("0 6 * 12 *", "every day in December at 06:00"),
        ("0 6 1 11-2 *", "on day 1 of every month from November to February at 06:00"),
        ("99 x * * *", "at 99 x * * * (minute, hour, day, month, weekday; Celery refuses it)"),
        ("0 2 * * 7", "at 0 2 * * 7 (minute, hour, day, month, weekday; Celery refuses it)"),
    ],
)
def test_a_crontab_reads_as_a_sentence(expression: str, words: str) -> None:
    assert crontab_in_words(crontab(expression)) == words


@given(st.lists(st.text("0123456789*/,-LW#?monTUE \t", min_size=1, max_size=8), min_size=5, max_size=5))
def test_no_crontab_however_odd_breaks_the_form(parts: list[str]) -> None:
    minute, hour, day, month, weekday = parts
    odd = CrontabSchedule(minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday)
    assert crontab_in_words(odd)


def test_a_crontab_names_its_time_zone() -> None:
    assert when(row(crontab=saved(crontab("0 2 * * *"))), APP) == "every day at 02:00, Europe/Berlin"


@pytest.mark.parametrize(("aware", "zone"), [(True, "Europe/Berlin"), (False, "Asia/Tokyo")])
def test_the_time_zone_is_the_one_in_which_beat_reads_the_crontab(aware: bool, zone: str, settings: Any) -> None:
    settings.DJANGO_CELERY_BEAT_TZ_AWARE = aware
    night, now = row(crontab=saved(crontab("0 2 * * *"))), datetime(2026, 11, 5, tzinfo=UTC)
    night.last_run_at = now
    entry = ModelEntry(night, app=APP)
    entry.schedule.app = APP  # in beat's process, this app is the current one
    with time_machine.travel(now, tick=False):
        sent = now + timedelta(seconds=entry.is_due().next)
    assert f"{sent.astimezone(ZoneInfo(zone)):%H:%M}" == "02:00"
    assert when(night, APP) == f"every day at 02:00, {zone}"


TIMES: dict[str, Callable[[], Any]] = {
    "crontab": lambda: crontab("0 2 * * *"),
    "interval": lambda: IntervalSchedule(every=5, period="minutes"),
    "solar": lambda: SolarSchedule(event="sunset", latitude=48.2, longitude=16.4),
}


@pytest.mark.parametrize("kind", TIMES)
def test_a_schedule_that_beat_sends_once_says_so(kind: str) -> None:
    times = {kind: saved(TIMES[kind]())}
    assert when(row(**times, one_off=True), APP) == f"{when(row(**times), APP)}, but only once"


@pytest.mark.parametrize(
    ("every", "period", "words"),
    [
        (5, "minutes", "every 5 minutes"),
        (1, "days", "every day"),
        (1, "hours", "every hour"),
        (90, "seconds", "every 90 seconds"),
        (120, "seconds", "every 2 minutes"),
        (3600, "seconds", "every hour"),
        (86400, "seconds", "every day"),
        (2592000, "seconds", "every 30 days"),
        (36, "hours", "every 36 hours"),
        (48, "hours", "every 2 days"),
        (1_500_000, "microseconds", "every 1500000 microseconds"),
        (60_000_000, "microseconds", "every minute"),
        (0, "seconds", "every 0 seconds"),
        pytest.param(5, "weeks", "every 5 weeks", id="unknown to beat's models, but not to beat"),
        pytest.param(1, "fort\nnights", "every 1 fort nights", id="unknown to both"),
    ],
)
def test_an_interval_says_how_often(every: int, period: str, words: str) -> None:
    assert when(row(interval=saved(IntervalSchedule(every=every, period=period))), APP) == words


def test_a_single_moment_says_its_date_and_time() -> None:
    at = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    moment = row(clocked=saved(ClockedSchedule(clocked_time=at)), one_off=True)
    assert when(moment, APP) == "once, at 2026-12-24 18:00 UTC"


def test_a_moment_without_a_zone_is_read_as_beat_reads_it() -> None:
    """Without USE_TZ, rows have moments without a zone."""
    clock = saved(ClockedSchedule(clocked_time=datetime(2026, 12, 24, 18, 0)))  # noqa: DTZ001
    assert clock.schedule.clocked_time == datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    assert when(row(clocked=clock, one_off=True), APP) == "once, at 2026-12-24 18:00 UTC"


def test_a_solar_schedule_names_its_event() -> None:
    sun = SolarSchedule(event="sunset", latitude=48.2, longitude=16.4)
    assert "Sunset" in when(row(solar=saved(sun)), APP)


def test_a_row_without_times_that_beat_knows_is_described_too() -> None:
    """A platform's own scheduler, with a subclass of PeriodicTask, may have a fifth kind of times."""
    assert when(PeriodicTask(name="x"), APP) == "a schedule of a kind that runtask doesn't know"


def saved(schedule: Any) -> Any:
    schedule.pk = 1
    return schedule


def row(**schedule: Any) -> PeriodicTask:
    return PeriodicTask(name="x", **schedule)
