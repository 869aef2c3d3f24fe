"""Interfaces that inner layers need and outer layers implement. `tests.fakes` has typed fakes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from inspect import Signature
from typing import Any, Protocol

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
from bot.core.reasons import Problem, Reason
from bot.core.report import Report
from bot.core.signature import Names
from bot.core.stops import Way


class NotSetUp(Exception):
    """The site lacks something, so that nothing can be run. The text tells the operator what is missing."""


class _Failed(Exception):
    """Something failed. The text is for logs."""

    def __init__(self, reason: Reason) -> None:
        details = ", ".join(str(value) for value in reason.params.values() if value != "")
        super().__init__(f"{reason.code}: {details}" if details else reason.code)
        self.reason = reason


class NotSent(_Failed):
    """The message was certainly not sent."""


class FateUnknown(_Failed):
    """The message may have been sent: the broker took bytes and didn't answer, or the task's own code hid how sending ended."""


class Catalog(Protocol):
    """All schedules."""

    def get(self, schedule: ScheduleId) -> Schedule | None: ...
    def is_empty(self) -> bool: ...
    def find(self, query: str, limit: int, hidden: tuple[Globs, ...] = ()) -> Matches:
        """The schedules that match. Here and in `named` and `ids`, schedules that `hidden` matches are neither returned nor counted."""

    def named(self, typed: str, hidden: tuple[Globs, ...] = ()) -> tuple[Brief | None, int]: ...
    def ids(self, hidden: tuple[Globs, ...] = ()) -> Sequence[int]: ...
    def briefs(self, schedules: Collection[ScheduleId]) -> list[Brief]:
        """The schedules with these ids that exist, in any order."""

    def when(self, schedule: Schedule) -> str:
        """The schedule's times in words."""

    def signature(self, task: str) -> Signature | None:
        """The signature by which Celery checks arguments before it sends them. None: it doesn't check them."""

    def names(self, task: str) -> Names: ...


class Queues(Protocol):
    """The queues that live workers consume."""

    def listening(self, queue: str | None) -> Listening:
        """Whether a live worker consumes the queue. Answers at once, from memory."""


class Sender(Protocol):
    """The way to the broker."""

    def prepare(
        self, schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str
    ) -> Dispatch:
        """A run's message. Raises Invalid if the row can't be sent as it is."""

    def target(self, schedule: Schedule) -> Target:
        """The target of a run at this moment. Doesn't raise for a row that can't be sent."""

    def keeps_result(self, task: str) -> bool:
        """False if workers drop the results of this task even though we ask for them."""

    def sends_events(self, task: str) -> bool:
        """False if workers send no events about this task."""

    def problems(self, schedule: Schedule) -> list[Problem]:
        """Why the row can't be sent with any arguments."""

    def send(self, what: Dispatch, *, run: RunId, within: float, enter: Callable[[], bool]) -> None:
        """Sends the message, within about `within` seconds. Raises NotSent or FateUnknown.

        Calls `enter` just before it sends the message's first byte, and sends nothing if `enter` returns False.
        """


class NotTold(_Failed):
    """Workers could not be told to stop a task."""


class Stopper(Protocol):
    """The way to the workers that may have a task. Threads may share it."""

    def problem(self) -> Reason | None:
        """Why workers can't get commands. None: they can."""

    def way(self, task: str, *, kill: bool) -> Way:
        """The command that stops a run of this task."""

    def take_back(self, task: TaskId) -> bool:
        """Removes the task's message from its queue. True: no worker had ever taken it, so the task will never run."""

    def tell(self, tasks: Sequence[TaskId], way: Way, *, within: float) -> None:
        """Sends the command to all workers that are there now. They don't confirm it. ABORT only writes marks. Raises NotTold.

        Takes at most about `within` seconds.
        """


class SourceSilent(_Failed):
    """A source of outcomes can't be asked at this moment."""


class Outcomes(Protocol):
    """A source: the results of tasks, and their progress. Its methods raise SourceSilent. By default, it knows nothing."""

    @property
    def source(self) -> Source: ...
    @property
    def life(self) -> float | None:
        """Seconds after which results are deleted. None: they stay."""
        return None

    def changed(self) -> list[Outcome]:
        """The outcomes of this source's runs that have changed since they were recorded."""
        return []

    def of(self, task: TaskId) -> list[Outcome]:  # noqa: ARG002
        """The outcome of one task, if there is one."""
        return []

    def last_run(self, schedule: Schedule) -> LastRun | None:  # noqa: ARG002
        """The newest result of a schedule, whoever sent it. None: there is none, or this source can't tell."""
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Introduction:
    """The installation that our token belongs to, and the workspace's address (https://….slack.com/)."""

    installation: InstallationId
    address: str


class Messenger(Protocol):
    """The way to Slack. Every method raises NotDelivered or a subclass of it."""

    def introduce(self) -> Introduction:
        """Asks Slack whether our token is valid, and whose it is."""

    def post(self, report: Report, *, simply: bool = False) -> MessageTs:
        """Posts the message of a report. `simply`: as one line of plain text."""

    def edit(self, report: Report, root: MessageTs) -> None: ...
    def find(self, report: Report, since: datetime) -> MessageTs | None:
        """The message that an interrupted `post` of this report has posted. None: there is none, or Slack doesn't let us look.

        `since`: when posting began, by the database's clock.
        """

    def open_direct_message(self, report: Report) -> ChannelId: ...
    def is_external(self, channel: ChannelId) -> bool:
        """Whether messages in this channel say only how far a run is, because another company may read them."""


class NotDelivered(_Failed):
    """As far as we know, Slack did not do what we asked for."""

    maybe_posted = True  # Slack may have posted it, but we got no answer

    @property
    def error(self) -> str:
        """Slack's own error code."""
        return str(self.reason.params.get("error", self.reason.code))


class _Answered(NotDelivered):
    """Slack has answered, so we know that it posted nothing."""

    maybe_posted = False


class RateLimited(_Answered):
    """Slack asks for a pause of `retry_after` seconds.

    `is_aside`: Slack limited a call that only prepares this message. It limits each method by itself, so other messages
    needn't wait.
    """

    def __init__(self, reason: Reason, retry_after: float, *, is_aside: bool = False) -> None:
        super().__init__(reason)
        self.retry_after, self.is_aside = retry_after, is_aside


class ChannelClosed(_Answered):
    """We can't post in this channel. A direct message may work."""


class InstallationRefused(_Answered):
    """Slack refuses our token, or everything that we do in this workspace. No message can be delivered until that is fixed."""


class MessageRefused(_Answered):
    """Slack refuses this message because of its content."""
