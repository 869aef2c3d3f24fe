"""Limits how often something may happen in a minute, for all processes together: they count in the same row."""

from datetime import timedelta
from math import ceil

from django.db.models import F, Q

from bot.models import Throttle, writers_turn
from bot.runs import clock

MINUTE = timedelta(minutes=1)


def seconds_to_wait(name: str, limit: int) -> int:
    """Counts one use, and returns 0. After `limit` uses in this minute, counts nothing, and returns the seconds until its end.

    A minute begins with its first use.
    """
    while True:
        now = clock.now()
        rows = Throttle.objects.filter(name=name)
        this_minute = Q(since__gt=now - MINUTE, since__lt=now + MINUTE)
        with writers_turn():
            if rows.filter(this_minute, count__lt=limit).update(count=F("count") + 1):
                return 0
        began = rows.filter(this_minute).values_list("since", flat=True).first()
        if began is not None:
            return max(1, ceil((began + MINUTE - now).total_seconds()))
        with writers_turn():
            if rows.exclude(this_minute).update(since=now, count=1):
                return 0
            _, is_new = Throttle.objects.get_or_create(name=name, defaults={"since": now, "count": 1})
        if is_new:
            return 0
