"""The picker's menu: from a parsed request to a rendered answer, in one process."""

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

# What people type: nothing yet, a letter, words that all names have, or few, a whole name, what no name has, a task.
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
wiring.workspace().team()


def ours(query: str) -> None:
    body = suggestion(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, query, person(0))
    answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
    assert answer.status == 200
    assert answer.body.startswith('{"option')


def icontains(query: str) -> None:
    """A query for each keystroke, as most would write it: nothing ranked, none counted."""
    found = PeriodicTask.objects.filter(name__icontains=query).order_by("name").values_list("pk", "name", "task")
    list(found[:100])


CONTESTANTS = {"runtask": ours, "icontains": icontains}


def turn(name: str, passes: int, saving: int) -> dict[str, Any]:
    """`saving`: a schedule is saved before each query, as beat does after each run of it."""
    taken = []
    for _, query in zip(range(passes), QUERIES, strict=False):
        if saving:
            PeriodicTask.objects.order_by("pk")[0].save()
        begin = time.perf_counter()
        CONTESTANTS[name](query)
        taken.append((time.perf_counter() - begin) * 1000)
    return asdict(of_turn(taken))


def shrink(count: int) -> None:
    """The first `count` schedules are left; one row more was their prototype."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_celery_beat_periodictask WHERE id > %s", [count + 1])


QUESTIONS = {"turn": turn, "grow": schedules, "shrink": shrink}
