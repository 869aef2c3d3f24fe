"""Measures the times from a parsed submission to the message on the broker, and to the answer."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from django.contrib.auth.models import User
from django.db import connections
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
    Place,
    RunRequest,
    ScheduleId,
    SlackAccount,
    SlackUserId,
    TeamId,
)
from bot.models import Run
from bot.runs import start
from bot.runs.actors import of_user
from bot.runs.door import admit
from bot.runs.waiting import Budget

Times = Mapping[str, float]
VALUES = {"days": 30, "region": "EU"}
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


def floor(commits: int) -> Times:
    """The least that the same work can cost: an INSERT and `send_task`; then `commits` UPDATEs."""
    begin = time.perf_counter()
    run = a_run(f"floor{next(numbers)}", state="finished")
    app.send_task("bench.report", kwargs=VALUES, task_id=run.task_id)
    sent = time.perf_counter()
    for state in ("queued", "sent", "finished")[:commits]:
        Run.objects.filter(pk=run.pk).update(state=state)
    return _times(begin, sent)


def _times(begin: float, sent: float) -> Times:
    return {"on the broker": (sent - begin) * 1000, "answered": (time.perf_counter() - begin) * 1000}


CONTESTANTS: dict[str, Callable[[], Times]] = {
    "runtask": ours,
    "insert + send_task": partial(floor, 0),
    "insert + send_task + 3 commits": partial(floor, 3),
    # Each floor twice: the difference between equal contestants is noise.
    "again: insert + send_task": partial(floor, 0),
    "again: insert + send_task + 3 commits": partial(floor, 3),
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
        taken = [one for those in threads.map(client, range(clients)) for one in those]
    return {what: asdict(of_turn([one[what] for one in taken], seconds)) for what in taken[0]}


QUESTIONS = {"turn": turn, "contestants": lambda: list(CONTESTANTS)}
