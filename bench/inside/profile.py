"""Where the time of an operation goes: all threads' stacks looked at every millisecond, ours and the floor's alike.

A sample counts for the part whose code is innermost on the stack; the standard library's is charged to whoever called it.
"""

import itertools
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from django.db.models import QuerySet
from django_celery_beat.models import PeriodicTask
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bench import payloads
from bench.apps.bolt import APPS, VIEW
from bench.inside import rows, submit
from bench.setups import ROOT
from bot import wiring
from bot.conf import conf
from bot.models import Notice, NoticeState

EVERY = 0.001  # seconds
PARTS = (
    (f"{ROOT}/bench/", "the benchmark"),
    (f"{ROOT}/bot/slack/keepalive.py", "calling Slack"),
    (f"{ROOT}/bot/", "runtask"),
    ("/site-packages/django/", "Django: queries and driver"),
    ("/site-packages/psycopg/", "Django: queries and driver"),
    ("/site-packages/slack_bolt/", "Bolt"),
    ("/site-packages/slack_sdk/", "calling Slack"),
    ("/site-packages/celery/", "Celery and broker"),
    ("/site-packages/kombu/", "Celery and broker"),
    ("/site-packages/amqp/", "Celery and broker"),
    ("/site-packages/redis/", "Celery and broker"),
)
WAITING = ("threading.py", "queue.py", "thread.py", "_base.py", "selectors.py")
OPTION = {"text": {"type": "plain_text", "text": "x"}, "value": "8"}
numbers = itertools.count(time.time_ns())
called = threading.Event()


@dataclass
class Sampler:
    """Counts samples by part while it runs."""

    counts: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        own = threading.get_ident()
        while not self._stop.wait(EVERY):
            for ident, frame in sys._current_frames().items():  # noqa: SLF001  # documented
                if ident != own and (part := part_of(frame)):
                    self.counts[part] += 1

    def stop(self) -> None:
        self._stop.set()


def part_of(frame: FrameType) -> str:
    """Empty for a thread that waits for work."""
    if frame.f_code.co_filename.endswith(WAITING):
        return ""
    at: FrameType | None = frame
    while at is not None:
        for folder, part in PARTS:
            if folder in at.f_code.co_filename:
                return part
        at = at.f_back
    return ""


def _noting(name: str) -> None:
    """`called` is set when this method of any client has returned."""
    original = getattr(WebClient, name)

    def noting(self: WebClient, **arguments: object) -> object:
        try:
            return original(self, **arguments)
        finally:
            called.set()

    setattr(WebClient, name, noting)


def _dispatched(app: App, body: Callable[[], dict[str, object]]) -> Callable[[], None]:
    def operation() -> None:
        called.clear()
        app.dispatch(BoltRequest(mode="socket_mode", body=body()))
        called.wait(5)

    return operation


def _command() -> dict[str, object]:
    return payloads.command(f"p{next(numbers)}", payloads.person(0))


def _selection() -> dict[str, object]:
    return payloads.selection(
        {**VIEW, "private_metadata": '{"channel": "C0", "mark": ""}'}, "V0", payloads.person(0), OPTION
    )


def _delivering() -> None:
    """A hundred messages."""
    rows.owed("profile", 100)
    _, deliverer = wiring.background()
    waiting: QuerySet[Notice] = Notice.objects.filter(run__key__startswith="profile").exclude(state=NoticeState.SENT)
    while waiting.exists():
        deliverer.step()
    deliverer.drain(5)
    rows.forget("profile")


def _posting() -> None:
    client = WebClient(token="xoxb-profile", base_url=conf().api_url, retry_handlers=[])  # noqa: S106
    for _ in range(100):
        client.chat_postMessage(channel="C0", text="*report*")


for method in ("views_open", "views_update"):
    _noting(method)
PeriodicTask.objects.first()
ours = wiring.slack_app()
wiring.workspace().team()
OPERATIONS: dict[str, dict[str, Callable[[], object]]] = {
    "/runtask → form": {"runtask": _dispatched(ours, _command), "floor": _dispatched(APPS["open"](), _command)},
    "selection → form updated": {
        "runtask": _dispatched(ours, _selection),
        "floor": _dispatched(APPS["update"](), _selection),
    },
    "Run → answered": {"runtask": submit.ours, "floor": lambda: submit.floor(3)},
    "a hundred messages": {"runtask": _delivering, "floor": _posting},
}


def profile(what: str, who: str, seconds: float) -> dict[str, float]:
    """Milliseconds of an operation by part, and in all."""
    operation = OPERATIONS[what][who]
    operation()
    sys.setswitchinterval(0.0005)
    sampler = Sampler()
    thread = threading.Thread(target=sampler.run)
    thread.start()
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        operation()
        count += 1
    each = (time.perf_counter() - begin) * 1000 / count
    sampler.stop()
    thread.join()
    whole = sampler.counts.total() or 1
    return {"all": each, **{part: each * samples / whole for part, samples in sampler.counts.items()}}


QUESTIONS = {"profile": profile, "operations": lambda: {what: list(those) for what, those in OPERATIONS.items()}}
