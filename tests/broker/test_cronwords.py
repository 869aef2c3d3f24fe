"""The words of a crontab name the times at which beat sends. `cronreader` turns the words back into times."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from celery.utils.time import ffwd
from django_celery_beat.models import CrontabSchedule
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.broker.cronwords import sentence
from bot.broker.words import crontab_in_words
from tests.broker.cronreader import Claim, read


def beats(schedule: Any, start: datetime) -> Iterator[datetime]:
    """The times at which beat sends. Each is computed from the one before, as beat does."""
    last = start
    while True:
        schedule.nowfun = lambda now=last: now  # Celery 5.3 looks at the clock, too
        after, delta, _ = schedule.remaining_delta(last, tz=UTC, ffwd=ffwd)
        last = after + delta
        yield last


def field(low: int, high: int, words: str = "") -> st.SearchStrategy[str]:
    """A field of a crontab: stars, numbers, names, ranges (also beyond the last value), steps, and lists of these."""
    number = st.integers(low, high).map(str)
    if words:
        number |= st.sampled_from(words.split())
    step = st.integers(1, 20).map("/{}".format)
    spans = st.builds("{}-{}".format, number, number)
    part = number | spans | st.builds("{}{}".format, spans | st.just("*"), step)
    return st.just("*") | st.lists(part, min_size=1, max_size=4).map(",".join)


crontabs = st.builds(
    CrontabSchedule,
    timezone=st.just("UTC"),  # otherwise beat looks through the files of all time zones, each time
    minute=field(0, 59),
    hour=field(0, 23),
    day_of_month=field(1, 31),
    month_of_year=field(1, 12),
    day_of_week=field(0, 6, "sun mon Tue wed thu friday sat"),
)


@settings(max_examples=300)
@given(crontabs)
@example(CrontabSchedule(month_of_year="nov-feb"))  # Celery 5.3 refuses names of months
@example(CrontabSchedule(day_of_month="30", month_of_year="2"))  # Celery 5.3 accepts this date, which never comes
def test_the_words_of_a_crontab_are_the_times_that_celery_reads_in_it(crontab: CrontabSchedule) -> None:
    try:
        schedule = crontab.schedule
    except ValueError:
        assert "Celery refuses it" in crontab_in_words(crontab)
        return
    assert read(crontab_in_words(crontab)) == Claim(
        times=frozenset(60 * hour + minute for hour in schedule.hour for minute in schedule.minute),
        days=frozenset(schedule.day_of_month),
        months=frozenset(schedule.month_of_year),
        weekdays=frozenset(schedule.day_of_week),
    )


@settings(max_examples=50)
@given(crontabs, st.integers(0, 3 * 365 * 24 * 60))
@example(CrontabSchedule(minute="8", hour="5,11,17,23"), 306)
@example(CrontabSchedule(minute="0", hour="22-4", day_of_week="fri-mon"), 0)
@example(
    CrontabSchedule(minute="0", hour="6", day_of_month="13", day_of_week="5"), 0
)  # beat sends if both days match, not if one does
def test_beat_sends_at_the_times_that_the_words_say(crontab: CrontabSchedule, minutes: int) -> None:
    """Compares the next 20 times, or fewer if ten years have fewer."""
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    try:
        schedule = crontab.schedule
    except ValueError:
        assume(False)
    claimed = [*islice(read(crontab_in_words(crontab)).between(start, start + timedelta(days=3653)), 20)]
    assert [*islice(beats(schedule, start), len(claimed))] == claimed


def values(low: int, high: int) -> st.SearchStrategy[set[int]]:
    """Draws sets of numbers: all, all but one, and evenly spaced ones come far more often than by chance."""
    whole = set(range(low, high + 1))
    number = st.integers(low, high)
    spaced = st.builds(
        lambda first, last, step: {first, *range(first, last + 1, step)}, number, number, st.integers(1, 12)
    )
    return st.just(whole) | number.map(lambda one: whole - {one}) | spaced | st.sets(number, min_size=1)


@settings(max_examples=300)
@given(values(0, 59), values(0, 23), values(1, 31), values(1, 12), values(0, 6))
def test_every_set_of_times_has_words(
    minutes: set[int], hours: set[int], days: set[int], months: set[int], weekdays: set[int]
) -> None:
    words = sentence(minutes=minutes, hours=hours, days=days, months=months, weekdays=weekdays)
    assert read(words) == Claim(
        times=frozenset(60 * hour + minute for hour in hours for minute in minutes),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(weekdays),
    )


@pytest.mark.parametrize(
    "words", ["At 02:00", "every 7 minutes past", "on day 1 at 02:00 of May", "Monday through Friday"]
)
def test_the_reader_refuses_other_sentences(words: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        read(words)
