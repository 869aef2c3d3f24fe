"""Describes in words when a crontab runs, from the numbers that Celery reads in its fields.

The spelling of a field makes no difference: `*/15`, `0,15,30,45` and `0-45/15` are the same minutes. Every sentence names
exactly the numbers that Celery reads. The tests read the sentences back.
"""

from collections.abc import Collection, Iterable
from itertools import pairwise

LISTED = 6  # up to so many values are named one by one, even if they are evenly spaced
STRETCHES = 2  # stretches in a sentence, at most: `from 00:00 to 04:00 and from 22:00 to 23:00`; more are hard to read
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)  # fmt: skip
TO = " to "


def sentence(
    *,
    minutes: Collection[int],
    hours: Collection[int],
    days: Collection[int],
    months: Collection[int],
    weekdays: Collection[int],
) -> str:
    """`Monday to Friday at 02:00`. A weekday is a number from 0 (Sunday) to 6, as in Celery."""
    when = _dates(sorted(days), {month - 1 for month in months}, {(weekday - 1) % 7 for weekday in weekdays})
    times = _times(sorted(minutes), sorted(hours))
    if not times.startswith("every"):
        return f"{when} {times}"
    return times if when == "every day" else f"{when}, {times}"


def _dates(days: list[int], months: set[int], weekdays: set[int]) -> str:
    """If days of the month and weekdays are given, both must match in Celery. In other crons, one of them must match."""
    month, weekday = _names(months, MONTHS), _names(weekdays, WEEKDAYS)
    if len(months) == 12:
        of, during = "every month", ""
    elif TO in month:
        of, during = f"every month from {month}", f" from {month}"
    else:
        of, during = month, f" in {month}"
    if len(days) == 31:
        if len(weekdays) == 7:
            return f"every day{during}"
        return f"{weekday}{during}" if TO in weekday else f"every {weekday}{during}"
    date = f"on {_places('day', days)} of {of}"
    if len(weekdays) == 7:
        return date
    return f"{date}, only {weekday}" if TO in weekday else f"{date}, only on {weekday}"


def _times(minutes: list[int], hours: list[int]) -> str:
    if len(hours) == 24:
        step = 60 // len(minutes)
        return _every(step) if minutes == [*range(0, 60, step)] else f"every hour at {_places('minute', minutes)}"
    times = [60 * hour + minute for hour in hours for minute in minutes]
    if len(times) <= LISTED:
        return f"at {_listed(_clock(time) for time in times)}"
    step = min(later - earlier for earlier, later in pairwise(times))
    stretches = _stretches(times, step)
    if len(stretches) <= STRETCHES and all(first < last for first, last in stretches):
        return f"{_every(step)} {_listed(f'from {_clock(first)} to {_clock(last)}' for first, last in stretches)}"
    which = "every minute" if len(minutes) == 60 else f"at {_places('minute', minutes)}"
    return f"{which} of {_places('hour', hours)}"


def _every(minutes: int) -> str:
    """`every minute`, `every 15 minutes`, `every hour`, `every 2 hours`."""
    number, unit = (minutes, "minute") if minutes < 60 else (minutes // 60, "hour")
    return f"every {unit}" if number == 1 else f"every {number} {unit}s"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _places(unit: str, values: list[int]) -> str:
    """`day 1`, `minutes 0, 15, 30 and 45`, `hours 5 to 9 and 17`, `every 2nd day from 1 to 31`."""
    if len(values) == 1:
        return f"{unit} {values[0]}"
    step = values[1] - values[0]
    if len(values) > LISTED and step > 1 and len(_stretches(values, step)) == 1:
        ordinal = {2: "2nd", 3: "3rd"}.get(step, f"{step}th")  # with more than LISTED values, a step is below 10
        return f"every {ordinal} {unit} from {values[0]} to {values[-1]}"
    parts: list[str] = []
    for first, last in _stretches(values, 1):
        if last - first > 1:
            parts.append(f"{first}{TO}{last}")
        else:
            parts += map(str, sorted({first, last}))
    return f"{unit}s {_listed(parts)}"


def _stretches(values: list[int], step: int) -> list[tuple[int, int]]:
    """The first and last value of each stretch in which values are `step` apart."""
    gaps = [(before, after) for before, after in pairwise(values) if after - before != step]
    starts = [values[0], *(after for _, after in gaps)]
    ends = [*(before for before, _ in gaps), values[-1]]
    return list(zip(starts, ends, strict=True))


def _names(values: set[int], names: tuple[str, ...]) -> str:
    """`Monday`, `January and July`, `Monday to Friday`, or across the end of the week or year: `Friday to Monday`."""
    starts = [value for value in sorted(values) if (value - 1) % len(names) not in values]
    if len(starts) == 1 and len(values) > 2:
        first = starts[0]
        return f"{names[first]}{TO}{names[(first + len(values) - 1) % len(names)]}"
    return _listed(names[value] for value in sorted(values))


def _listed(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
