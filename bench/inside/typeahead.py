"""The picker's menu: from a parsed request to a rendered answer."""

import time
from dataclasses import asdict
from itertools import cycle
from typing import Any

from django.db import connection
from django_celery_beat.models import PeriodicTask
from slack_bolt import BoltRequest

from bench.inside.fill import schedules
from bench.payloads import person, suggestion
from bench.stats import of_turn
from bot import wiring
from bot.slack.ids import Id

# Nothing, a letter, words in all names, words in few names, a whole name, a word in no name, a part of the task's name.
QUERIES = cycle(
    (
        "",
        "t",
        "report",
        "nightly",
        "team 7",
        "report 99",
        "hourly report 4",
        "Team 7 nightly report 7",
        "zebra",
        "bench.",
    )
)
app = wiring.slack_app()
wiring.installation().team()


def _menu(query: str) -> None:
    body = suggestion(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, query, person(0))
    answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
    assert answer.status == 200
    assert answer.body.startswith('{"option')


def turn(passes: int, saving: int) -> dict[str, Any]:
    """If `saving`, a schedule is saved before each query, as beat saves it after each of its runs."""
    taken = []
    for _, query in zip(range(passes), QUERIES, strict=False):
        if saving:
            PeriodicTask.objects.order_by("pk")[0].save()
        begin = time.perf_counter()
        _menu(query)
        taken.append((time.perf_counter() - begin) * 1000)
    return asdict(of_turn(taken))


def shrink(count: int) -> None:
    """Delete all but the first `count` schedules. The id of the first is 2, because their prototype had 1."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_celery_beat_periodictask WHERE id > %s", [count + 1])


QUESTIONS = {"turn": turn, "grow": schedules, "shrink": shrink}
