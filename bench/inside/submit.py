"""Measures the times from a parsed submission to the message on the broker, and to the answer."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import count
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bench.inside.fill import a_run
from bench.payloads import person
from bench.setups import CHANNEL, INSTALLATION, TEAM
from bench.stats import of_turn
from bot import wiring
from bot.core.model import (
    ChannelId,
    Destination,
    InstallationId,
    NoticeKind,
    Place,
    RunRequest,
    ScheduleId,
    SlackAccount,
    SlackUserId,
    TeamId,
)
from bot.models import Notice, Run, SiteState, atomic
from bot.runs import start
from bot.runs.actors import of_user
from bot.runs.budget import Budget
from bot.runs.door import admit

Times = Mapping[str, float]
VALUES = {"days": 30, "region": "EU"}
FIRST_KINDS = (NoticeKind.ROOT, NoticeKind.ID)
numbers = count(time.time_ns())
platform = wiring.platform()
app = wiring.celery_app()
# Like runtask, the floors wait for the broker's confirmation.
if app.connection_for_write().transport.driver_type == "amqp":
    app.conf.broker_transport_options = {"confirm_publish": True}
schedule = PeriodicTask.objects.order_by("pk")[0]
actor = of_user(User.objects.get(username="ana"))
where = Destination(
    installation=InstallationId(INSTALLATION),
    place=Place(channel=ChannelId(CHANNEL)),
    requester=SlackAccount(team=TeamId(TEAM), user=SlackUserId(person(0))),
)


@dataclass
class Timed:
    """A sender that remembers when the broker had its message."""

    inner: Any
    sent_at: float = 0.0

    def send(self, *args: Any, **kwargs: Any) -> None:
        self.inner.send(*args, **kwargs)
        self.sent_at = time.perf_counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def ours() -> Times:
    timed = Timed(platform.sender)
    request = RunRequest(
        key=f"bench:{next(numbers)}",
        schedule=ScheduleId(schedule.pk),
        args="[]",
        kwargs='{"days": 30, "region": "EU"}',
        fingerprint=None,
        destination=where,
    )
    begin = time.perf_counter()
    start.start(admit(replace(platform, sender=timed), actor), request, Budget(60))
    return _times(begin, timed.sent_at)


def floor() -> Times:
    """An INSERT and `send_task`."""
    begin = time.perf_counter()
    run = a_run(f"floor{next(numbers)}", state="finished")
    app.send_task("bench.report", kwargs=VALUES, task_id=run.task_id)
    return _times(begin, time.perf_counter())


def by_hand() -> Times:
    """The same transactions as ours, by Django's ORM: what runtask promises can't be kept with fewer. Checks nothing."""
    begin = time.perf_counter()
    SiteState.objects.first()
    PeriodicTask.objects.get(pk=schedule.pk)
    with atomic():
        run = a_run(f"hand{next(numbers)}", state="queued", sent_at=None)
        _record(run, "run.asked")
    app.send_task("bench.report", kwargs=VALUES, task_id=run.task_id)
    sent = time.perf_counter()
    with atomic():
        Run.objects.filter(pk=run.pk).update(state="finished", sent_at=timezone.now())
        first = {"run": run, "installation": INSTALLATION, "due_at": run.created_at, "state": "sent"}
        Notice.objects.bulk_create([Notice(kind=kind, rank=rank, **first) for rank, kind in enumerate(FIRST_KINDS)])
        _record(run, "run.sent")
    return _times(begin, sent)


def _record(run: Run, action: str) -> None:
    """Inserts an audit record. Its model allows that only to bot.runs.audit."""
    values: dict[str, Any] = {
        "at": run.created_at,
        "action": action,
        "entry": "slack",
        "schedule_name": "report",
        "run_id": run.pk,
    }
    values |= {"installation": INSTALLATION, "count": 1, "details": "{}"}
    columns, places = ", ".join(f'"{name}"' for name in values), ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO runtask_auditrecord ({columns}) VALUES ({places})", list(values.values()))  # noqa: S608


def _times(begin: float, sent: float) -> Times:
    return {"on the broker": (sent - begin) * 1000, "answered": (time.perf_counter() - begin) * 1000}


CONTESTANTS: dict[str, Callable[[], Times]] = {
    "runtask": ours,
    "by hand": by_hand,
    "insert + send_task": floor,
    # Each floor twice: the difference between equal contestants is noise.
    "again: by hand": by_hand,
    "again: insert + send_task": floor,
}


def turn(name: str, clients: int, seconds: float) -> dict[str, Any]:
    until = time.perf_counter() + seconds

    def client(_: int) -> list[Times]:
        taken = [CONTESTANTS[name]()]
        while time.perf_counter() < until:
            taken.append(CONTESTANTS[name]())
        connections.close_all()
        return taken

    with ThreadPoolExecutor(clients) as threads:
        taken = [one for times in threads.map(client, range(clients)) for one in times]
    return {what: asdict(of_turn([one[what] for one in taken], seconds)) for what in taken[0]}


QUESTIONS = {"turn": turn, "contestants": lambda: list(CONTESTANTS)}
