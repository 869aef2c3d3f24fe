"""Turns the words of a crontab back into the times that they name. Shares no code with bot.broker.cronwords, which writes them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
MONTHS = ["January", "February", "March", "April", "May", "June"]
MONTHS += ["July", "August", "September", "October", "November", "December"]

CLOCK = r"\d\d:\d\d"
TIMES = re.compile(
    rf"""(?:(?P<dates>.+?),?\ )??(?:
      at\ (?P<list>{CLOCK}(?:(?:,|\ and)\ {CLOCK})*)
    | every\ (?P<step>\d+\ )?(?P<unit>minute|hour)s?(?P<spans>(?:(?:\ and)?\ from\ {CLOCK}\ to\ {CLOCK})+)?
    | every\ hour\ at\ (?P<each>.+)
    | (?:at\ (?P<minutes>.+)|every\ minute)\ of\ (?P<hours>(?:every\ \w+\ )?hours?\ .+)
    )""",
    re.VERBOSE,
)
MONTH = "|".join(MONTHS)
DATES = re.compile(
    rf"""(?:on\ (?P<days>.+)\ of\ (?:every\ month|(?=(?:{MONTH})))|(?P<any>.+?))
    (?:(?:\ in\ |\ from\ )?(?P<months>(?:{MONTH}).*?))?(?:,\ only\ (?:on\ )?(?P<only>.+))?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Claim:
    """What a sentence says: beat sends at these minutes of the day, on the days that match `days`, `months` and `weekdays`."""

    times: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def fits(self, day: date) -> bool:
        return day.day in self.days and day.month in self.months and day.isoweekday() % 7 in self.weekdays

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        midnight = start.replace(hour=0, minute=0)
        while midnight < end:
            if self.fits(midnight):
                moments = (midnight + timedelta(minutes=minutes) for minutes in sorted(self.times))
                yield from (moment for moment in moments if moment > start)
            midnight += timedelta(days=1)


def read(words: str) -> Claim:
    found = TIMES.fullmatch(words)
    assert found, words
    dates = DATES.fullmatch(found["dates"] or "every day")
    assert dates, words
    any_day = (dates["any"] or "every day").removeprefix("every ")
    return Claim(
        times=frozenset(times(found)),
        days=numbers(dates["days"]) if dates["days"] else frozenset(range(1, 32)),
        months=frozenset(month + 1 for month in names(dates["months"], MONTHS)),
        weekdays=names(dates["only"] or (None if any_day == "day" else any_day), WEEKDAYS),
    )


def times(found: re.Match[str]) -> set[int]:
    if found["list"]:
        return {minutes(clock) for clock in re.findall(CLOCK, found["list"])}
    if found["unit"]:
        step = int(found["step"] or 1) * (60 if found["unit"] == "hour" else 1)
        spans = re.findall(rf"({CLOCK}) to ({CLOCK})", found["spans"] or "from 00:00 to 23:59")
        return {time for first, last in spans for time in range(minutes(first), minutes(last) + 1, step)}
    past = found["each"] or found["minutes"]
    return {
        60 * hour + minute
        for hour in (numbers(found["hours"]) if found["hours"] else range(24))
        for minute in (numbers(past) if past else range(60))
    }


def minutes(clock: str) -> int:
    return 60 * int(clock[:2]) + int(clock[3:])


def numbers(words: str) -> frozenset[int]:
    """The numbers in `day 1`, `minutes 0 to 4, 7 and 9`, or `every 3rd hour from 0 to 21`."""
    if stepped := re.fullmatch(r"every (\d)(?:nd|rd|th) \w+ from (\d+) to (\d+)", words):
        step, start, stop = map(int, stepped.groups())
        return frozenset(range(start, stop + 1, step))
    parts = re.fullmatch(r"(?:minute|hour|day)s? (.+)", words)
    assert parts, words
    found: set[int] = set()
    for part in re.split(", | and ", parts[1]):
        first, _, end = part.partition(" to ")
        found |= set(range(int(first), int(end or first) + 1))
    return frozenset(found)


def names(words: str | None, cycle: list[str]) -> frozenset[int]:
    """The indexes in `cycle` for `Monday, Wednesday and Friday`, or `Friday to Monday`. No words: all indexes."""
    if not words:
        return frozenset(range(len(cycle)))
    first, to, last = words.partition(" to ")
    if not to:
        return frozenset(cycle.index(name) for name in re.split(", | and ", words))
    start = cycle.index(first)
    return frozenset((start + at) % len(cycle) for at in range((cycle.index(last) - start) % len(cycle) + 1))
