"""Closed windows are compared with a walk through every minute of local clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.windows import DAYS, BadWindow, closed_until, parse

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "UTC")
# Around these days, clocks are put forward or back in one of the zones. Apia left out a whole day.
DAYS_OF_CHANGE = (
    (2026, 3, 8),
    (2026, 3, 29),
    (2026, 4, 5),
    (2026, 10, 4),
    (2026, 10, 25),
    (2026, 11, 1),
    (2011, 12, 30),
)
MINUTE = timedelta(minutes=1)


def closed_by_walking(text: str, moment: datetime) -> bool:
    """Whether the window is closed: clocks have shown its begin or a later time, and will still show a time before its end."""
    window = parse(text)
    zone = ZoneInfo(window.zone)

    def clock(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None)

    day = clock(moment).replace(hour=0, minute=0)
    # Two days are enough: none of these clocks is put forward or back by more than a day.
    before = [moment - number * MINUTE for number in range(2 * 1440)]
    after = [moment + number * MINUTE for number in range(2 * 1440)]
    latest, earliest = max(map(clock, before)), min(map(clock, after))
    for start in (day + timedelta(days=shift) for shift in range(-15, 3)):
        is_start = window.is_daily or start.weekday() == 0
        if is_start and latest >= start + window.begin and earliest < start + window.end:
            return True
    return False


times = st.tuples(st.integers(0, 23), st.sampled_from([0, 15, 30, 45])).map(lambda t: f"{t[0]:02}:{t[1]:02}")


@st.composite
def windows(draw: st.DrawFn) -> str:
    begin, end = draw(times), draw(times)
    zone = draw(st.sampled_from(ZONES))
    if draw(st.booleans()):
        if begin == end:
            end = "24:00" if begin == "00:00" else "00:00"
        return f"{begin}-{end} {zone}"
    first, last = draw(st.sampled_from(DAYS)), draw(st.sampled_from(DAYS))
    if (first, begin) == (last, end):
        end = f"{end[:3]}59"
    return f"{first.title()} {begin}-{last} {end} {zone}"


@given(windows(), st.sampled_from(DAYS_OF_CHANGE), st.integers(-2 * 96, 2 * 96))
def test_a_window_is_closed_when_a_walk_through_the_minutes_says_so(
    text: str, day: tuple[int, int, int], quarters: int
) -> None:
    moment = datetime(*day, tzinfo=UTC) + quarters * timedelta(minutes=15)
    assert (parse(text).closed_until(moment) is not None) == closed_by_walking(text, moment)


@given(windows(), st.sampled_from(DAYS_OF_CHANGE), st.integers(-2 * 96, 2 * 96))
def test_a_window_opens_at_the_reported_moment(text: str, day: tuple[int, int, int], quarters: int) -> None:
    moment = datetime(*day, tzinfo=UTC) + quarters * timedelta(minutes=15)
    until = closed_until([text], moment)
    if until is not None and until - moment < timedelta(weeks=5):
        assert until > moment
        assert closed_until([text], until - timedelta(seconds=1)) == until
        assert parse(text).closed_until(until) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        pytest.param("2026-11-27T14:59:59", None, id="before it"),
        pytest.param("2026-11-27T15:00:00", "2026-11-30T05:00:00", id="at its begin"),
        pytest.param("2026-11-29T23:30:00", "2026-11-30T05:00:00", id="after a midnight"),
        pytest.param("2026-11-30T04:59:59", "2026-11-30T05:00:00", id="in its last second"),
        pytest.param("2026-11-30T05:00:00", None, id="at its end"),
        pytest.param("2026-03-28T12:00:00", "2026-03-30T04:00:00", id="when clocks are put forward in it"),
        pytest.param("2026-10-24T12:00:00", "2026-10-26T05:00:00", id="when clocks are put back in it"),
    ],
)
def test_a_window_can_close_the_weekends_in_berlin(now: str, until: str | None) -> None:
    found = closed_until(["Fri 16:00-Mon 06:00 Europe/Berlin"], datetime.fromisoformat(f"{now}+00:00"))
    assert found == (datetime.fromisoformat(f"{until}+00:00") if until else None)


def test_windows_that_follow_each_other_are_reported_as_one() -> None:
    windows = ["Fri 16:00-Sat 24:00 UTC", "Sun 00:00-Mon 06:00 UTC"]
    assert closed_until(windows, datetime(2026, 11, 27, 17, tzinfo=UTC)) == datetime(2026, 11, 30, 6, tzinfo=UTC)


def test_a_window_that_is_always_closed_is_reported_with_an_end() -> None:
    assert closed_until(["00:00-24:00 UTC"], datetime(2026, 11, 27, tzinfo=UTC)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fri 16:00-Mon 06:00",
        "Fri 16:00-06:00 UTC",
        "16:00-Mon 06:00 UTC",
        "Fry 16:00-Mon 06:00 UTC",
        "Fri 25:00-Mon 06:00 UTC",
        "Fri 16:60-Mon 06:00 UTC",
        "24:00-06:00 UTC",
        "06:00-24:01 UTC",
        "06:00-06:00 UTC",
        "Fri 16:00-Fri 16:00 UTC",
        "06:00-07:00 Europe/Nowhere",
        "06:00-07:00 ../etc/passwd",
        "06:00-07:00 Europe",
        "6:00-7:00 UTC",
    ],
)
def test_other_texts_are_refused_as_windows(text: str) -> None:
    with pytest.raises(BadWindow):
        parse(text)
