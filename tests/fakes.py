"""Fakes of the protocols in bot.core.ports. mypy checks that they fit: see the end of this module."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import Signature
from typing import Any

from bot.core import search
from bot.core.globs import Globs
from bot.core.model import (
    Brief,
    ChannelId,
    Dispatch,
    InstallationId,
    LastRun,
    Listening,
    Matches,
    MessageTs,
    Outcome,
    RunId,
    Schedule,
    ScheduleId,
    Source,
    Target,
    TaskId,
)
from bot.core.options import of_row
from bot.core.ports import (
    Catalog,
    Introduction,
    Messenger,
    NotDelivered,
    NotSent,
    NotTold,
    Outcomes,
    Queues,
    Sender,
    SourceSilent,
    Stopper,
)
from bot.core.reasons import Code, Problem, Reason
from bot.core.report import Report
from bot.core.signature import UNKNOWN, Names, names
from bot.core.stops import Way
from bot.runs.sources import Sources
from tests.factories import INSTALLATION

DIRECT = ChannelId("D0001")


@dataclass
class FakeCatalog:
    """Schedules in a dictionary."""

    schedules: dict[ScheduleId, Schedule] = field(default_factory=dict)
    signatures: dict[str, Signature] = field(default_factory=dict)

    def get(self, schedule: ScheduleId) -> Schedule | None:
        return self.schedules.get(schedule)

    def is_empty(self) -> bool:
        return not self.schedules

    def find(self, query: str, limit: int, hidden: tuple[Globs, ...] = ()) -> Matches:
        return self._index().without(hidden).search(query, limit)

    def named(self, typed: str, hidden: tuple[Globs, ...] = ()) -> tuple[Brief | None, int]:
        return self._index().without(hidden).named(typed)

    def ids(self, hidden: tuple[Globs, ...] = ()) -> Sequence[int]:
        return self._index().without(hidden).rows.ids

    def briefs(self, schedules: Collection[ScheduleId]) -> list[Brief]:
        found = [self.schedules[one] for one in schedules if one in self.schedules]
        return [Brief(id=one.id, name=one.name, task=one.task, enabled=one.enabled) for one in found]

    def when(self, schedule: Schedule) -> str:
        return "every day at 02:00, Europe/Berlin"

    def signature(self, task: str) -> Signature | None:
        return self.signatures.get(task)

    def names(self, task: str) -> Names:
        return names(found, found) if (found := self.signatures.get(task)) is not None else UNKNOWN

    def _index(self) -> search.Index:
        return search.Index.of((s.id, s.name, s.task, s.enabled) for s in self.schedules.values())


class FakeQueues:
    """Says of every queue that nobody knows whether a worker reads it."""

    def listening(self, queue: str | None) -> Listening:
        return Listening.UNKNOWN


@dataclass
class FakeSender:
    """Accepts every message, unless `fails` is an error to raise. `meanwhile` is called while a message is being sent."""

    sent: list[Dispatch] = field(default_factory=list)
    fails: Exception | None = None
    unfit: Exception | None = None
    wrong: tuple[Problem, ...] = ()
    eventless: frozenset[str] = frozenset()  # tasks that send no events
    meanwhile: Callable[[], None] = lambda: None

    def prepare(
        self, schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str
    ) -> Dispatch:
        if self.unfit is not None:
            raise self.unfit
        options = of_row(schedule.columns)
        return Dispatch(task_id=task_id, task=schedule.task, args=args, kwargs=kwargs, options=options)

    def target(self, schedule: Schedule) -> Target:
        return Target(options={"queue": "celery", **of_row(schedule.columns)})

    def keeps_result(self, task: str) -> bool:
        return True

    def sends_events(self, task: str) -> bool:
        return task not in self.eventless

    def problems(self, schedule: Schedule) -> list[Problem]:
        return list(self.wrong)

    def send(self, what: Dispatch, *, run: RunId, within: float, enter: Callable[[], bool]) -> None:
        self.meanwhile()
        if not enter():
            raise NotSent(Reason(code=Code.TOO_SLOW))
        if self.fails is not None:
            raise self.fails
        self.sent.append(what)


@dataclass
class FakeOutcomes:
    """Reports the outcomes of `news` once. If `silent` is an error, it raises that instead of any answer."""

    news: list[Outcome] = field(default_factory=list)
    source: Source = Source.ROWS
    life: float | None = None
    last: LastRun | None = None
    silent: SourceSilent | None = None

    def changed(self) -> list[Outcome]:
        self._answer()
        news, self.news = self.news, []
        return news

    def of(self, task: TaskId) -> list[Outcome]:
        self._answer()
        return [outcome for outcome in self.news if outcome.task_id == task]

    def last_run(self, schedule: Schedule) -> LastRun | None:
        self._answer()
        return self.last

    def sources(self) -> Sources:
        """This source alone, which new runs use."""
        return Sources(self.source, {self.source: self})

    def _answer(self) -> None:
        if self.silent is not None:
            raise self.silent


@dataclass
class FakeStopper:
    """Workers that get every command, unless `fails` is an error to raise. Messages of tasks in `waiting` can be taken back."""

    told: list[tuple[list[TaskId], Way]] = field(default_factory=list)
    waiting: set[TaskId] = field(default_factory=set)
    abortable: bool = False
    hindrance: Reason | None = None
    fails: NotTold | None = None
    meanwhile: Callable[[], None] = lambda: None

    def problem(self) -> Reason | None:
        return self.hindrance

    def way(self, task: str, *, kill: bool) -> Way:
        self.meanwhile()
        if kill:
            return Way.TERMINATE
        return Way.ABORT if self.abortable else Way.REVOKE

    def take_back(self, task: TaskId) -> bool:
        if task not in self.waiting:
            return False
        self.waiting.remove(task)
        return True

    def tell(self, tasks: Sequence[TaskId], way: Way, *, within: float) -> None:
        if self.fails is not None:
            raise self.fails
        self.told.append((list(tasks), way))


@dataclass
class FakeMessenger:
    """A Slack that accepts everything. It first raises the errors given to `fail`, one for each call. It is thread-safe."""

    posts: list[Report] = field(default_factory=list)
    edits: list[tuple[Report, MessageTs]] = field(default_factory=list)
    searches: list[Report] = field(default_factory=list)
    simple: list[Report] = field(default_factory=list)  # reports that were posted as one line of text
    refuses: NotDelivered | None = None  # raised when it is asked whether the token is valid
    introductions: int = 0  # how often it was asked about the token
    installation: InstallationId = INSTALLATION
    findable: MessageTs | None = None
    direct: ChannelId | Exception = DIRECT
    external: set[ChannelId] = field(default_factory=set)  # channels that another company reads, too
    _errors: list[tuple[Callable[[Report], bool], Exception]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, *errors: Exception, when: Callable[[Report], bool] = lambda _: True) -> None:
        """The next calls about reports that satisfy `when` raise these, in order."""
        self._errors += [(when, error) for error in errors]

    def introduce(self) -> Introduction:
        with self._lock:
            self.introductions += 1
            if self.refuses is not None:
                raise self.refuses
        return Introduction(installation=self.installation, address="https://local.slack.example/")

    def post(self, report: Report, *, simply: bool = False) -> MessageTs:
        with self._lock:
            self._raise(report)
            (self.simple if simply else self.posts).append(report)
            return MessageTs(f"1700000000.{len(self.posts) + len(self.simple):06}")

    def edit(self, report: Report, root: MessageTs) -> None:
        with self._lock:
            self._raise(report)
            self.edits.append((report, root))

    def find(self, report: Report, since: datetime) -> MessageTs | None:
        with self._lock:
            self.searches.append(report)
            return self.findable

    def open_direct_message(self, report: Report) -> ChannelId:
        if isinstance(self.direct, Exception):
            raise self.direct
        return self.direct

    def is_external(self, channel: ChannelId) -> bool:
        return channel in self.external

    def _raise(self, report: Report) -> None:
        """Raises the first error that was given for such a report, if any, and forgets it."""
        for item in self._errors:
            when, error = item
            if when(report):
                self._errors.remove(item)
                raise error


_CATALOG: type[Catalog] = FakeCatalog
_QUEUES: type[Queues] = FakeQueues
_SENDER: type[Sender] = FakeSender
_OUTCOMES: type[Outcomes] = FakeOutcomes
_MESSENGER: type[Messenger] = FakeMessenger
_STOPPER: type[Stopper] = FakeStopper
