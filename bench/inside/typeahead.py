"""Measures the picker's menu and the form with a schedule, from a parsed request to a rendered answer."""

import time
from dataclasses import asdict
from itertools import cycle
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django_celery_beat.models import PeriodicTask
from slack_bolt import BoltRequest

from bench.inside.fill import schedules
from bench.payloads import person, suggestion
from bench.setups import TEAM
from bench.stats import of_turn
from bot import wiring
from bot.core.audit import By
from bot.core.model import ScheduleId, SlackAccount, SlackUserId, TeamId
from bot.core.rules import Rule
from bot.runs import rulebook, see
from bot.runs.door import admit
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
TEAMS = 37  # different teams in the names of schedules
app = wiring.slack_app()
wiring.installation().team()


def _menu(query: str) -> None:
    body = suggestion(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, query, person(0))
    answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
    assert answer.status == 200
    assert answer.body.startswith('{"option')


def turn(passes: int, saving: int) -> dict[str, Any]:
    """One turn of queries. If `saving`, a schedule is saved before each query, as beat saves schedules after each run."""
    taken = []
    for _, query in zip(range(passes), QUERIES, strict=False):
        if saving:
            PeriodicTask.objects.order_by("pk")[0].save()
        begin = time.perf_counter()
        _menu(query)
        taken.append((time.perf_counter() - begin) * 1000)
    return asdict(of_turn(taken))


def form(passes: int, schedule_count: int) -> dict[str, Any]:
    """One turn of forms, each with another schedule."""
    taken, found, account = [], 0, SlackAccount(team=TeamId(TEAM), user=SlackUserId(person(0)))
    for number in range(passes):
        begin = time.perf_counter()
        actor = wiring.identity().actor(account, may_link=False)
        preview = see.preview(admit(wiring.platform(), actor), ScheduleId(number * 7919 % schedule_count + 2))
        taken.append((time.perf_counter() - begin) * 1000)
        found += preview is not None
    assert found > passes / 2  # rules may hide some schedules
    return asdict(of_turn(taken))


def rules(count: int, ana: str) -> None:
    """Make `count` rules, and Ana "staff" or a "superuser". The rules hide about a tenth of the schedules from staff."""
    User.objects.filter(username="ana").update(is_superuser=ana == "superuser")
    found = [
        Rule(
            name=f"Rule {number}",
            tasks=(f"billing.{number}.*", f"*.secret_{number}"),
            schedules=(f"Team {number} hourly report *5",) if number < TEAMS else (f"*invoice {number}*",),
            see=("finance",) if number < TEAMS else (),
            run=("finance", f"group {number}"),
        )
        for number in range(count)
    ]
    rulebook.replace(found, by=By(words="the benchmark"))
    _menu("")  # the first menu after a change reads the rules and prepares the list


def shrink(count: int) -> None:
    """Delete all but the first `count` schedules. The first has the id 2, because the schedules' prototype had the id 1."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_celery_beat_periodictask WHERE id > %s", [count + 1])


QUESTIONS = {"turn": turn, "form": form, "rules": rules, "grow": schedules, "shrink": shrink}
