"""A deliverer with a fake Slack and a clock of its own, and runs to deliver for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.core.model import NoticeKind, TaskId
from bot.core.report import Report
from bot.core.secrets import WORDS
from bot.models import Notice, Run
from bot.runs import finish, outbox
from bot.runs.deliver import Deliverer
from bot.runs.report import Site
from tests.factories import NOW, a_run, an_outcome
from tests.fakes import FakeMessenger

START = [NoticeKind.ROOT, NoticeKind.ID]


@dataclass
class Post:
    """A deliverer, its fake Slack, and its clock."""

    now: datetime = NOW
    slack: FakeMessenger = field(default_factory=FakeMessenger)
    rings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deliverer = Deliverer(
            self.slack,
            Site(base_url="https://site.example"),
            clock=lambda: self.now,
            wake=lambda: self.rings.append("ring"),
        )
        self.deliverer.gate.ask()
        self.deliverer.gate.is_trusted = True

    def deliver(self, seconds: float = 0) -> None:
        """Moves the clock by `seconds`, and posts every notice that may then be posted."""
        self.now += timedelta(seconds=seconds)
        while self.deliverer.step():
            self.wait()

    def wait(self) -> None:
        """Waits until all threads are back from Slack."""
        while self.deliverer._out:
            self.deliverer._receive(1)

    def said(self) -> list[str]:
        return [report.kind.value for report in self.slack.posts]


def a_started_run(channel: str = "C0001", **fields: Any) -> Run:
    run = a_run(channel=channel, **fields)
    outbox.owe(run, *START, now=NOW)
    return run


def end(run: Run, post: Post) -> None:
    finish.record(
        [an_outcome(task_id=TaskId(run.task_id), at=post.now)], now=post.now, deadline=1800, secret_keys=WORDS
    )


def notice(run: Run, kind: str) -> Notice:
    return Notice.objects.get(run=run, kind=kind)


def about(kind: NoticeKind) -> Callable[[Report], bool]:
    return lambda report: report.kind is kind
