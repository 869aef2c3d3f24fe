"""What the inner layers need of the outer ones, named for the need; tests.fakes has a typed fake for each."""

from collections.abc import Callable
from datetime import datetime
from inspect import Signature
from typing import Any, Protocol

from bot.core.model import (
    Brief,
    ChannelId,
    Dispatch,
    LastRun,
    Matches,
    MessageTs,
    Outcome,
    Problem,
    Report,
    RunId,
    Schedule,
    ScheduleId,
    Target,
    TaskId,
)


class NotSetUp(Exception):
    """The site lacks something without which nothing can be run; the text says what, for whoever set it up."""


class NotSent(Exception):
    """The message certainly did not leave; the text says why, for the person who pressed Run."""


class FateUnknown(Exception):
    """The message may have left: the broker took bytes and did not answer."""


class Catalog(Protocol):
    """The schedules there are."""

    def get(self, schedule: ScheduleId) -> Schedule | None: ...
    def is_empty(self) -> bool: ...
    def find(self, query: str, limit: int) -> Matches: ...
    def named(self, typed: str) -> tuple[Brief | None, int]: ...
    def when(self, schedule: Schedule) -> str:
        """Its times in words."""

    def last_run(self, schedule: Schedule) -> LastRun | None: ...
    def signature(self, task: str) -> Signature | None: ...


class Workers(Protocol):
    """Who takes what is sent."""

    def listen(self, queue: str | None) -> bool | None:
        """None: not known. Answers at once."""


class Sender(Protocol):
    """The way to the broker."""

    def prepare(
        self, schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str
    ) -> Dispatch:
        """Raises Invalid if the row can't be sent as it stands."""

    def target(self, schedule: Schedule) -> Target:
        """Where it would go now. Never raises for what a row may hold."""

    def problems(self, schedule: Schedule) -> list[Problem]:
        """What keeps the row from being sent, whatever its arguments."""

    def send(self, what: Dispatch, *, run: RunId, within: float, enter: Callable[[], bool]) -> None:
        """Raises NotSent or FateUnknown; takes at most about `within` seconds.

        `enter` is asked just before the first byte of the message; if it says no, nothing is sent.
        """


class Outcomes(Protocol):
    """What became of tasks."""

    def changed(self) -> list[Outcome]:
        """The outcomes of open runs that were written since they were last recorded."""

    def of(self, task: TaskId) -> list[Outcome]:
        """The outcome of one task, if there is any."""


class Messenger(Protocol):
    """The way to Slack. Every method raises NotDelivered or a kind of it."""

    def post(self, report: Report) -> MessageTs: ...
    def edit(self, report: Report, root: MessageTs) -> None: ...
    def find(self, report: Report, since: datetime) -> MessageTs | None:
        """The message that an earlier, interrupted `post` of this report left; None if none, or if we may not look."""

    def open_direct_message(self, report: Report) -> ChannelId: ...


class NotDelivered(Exception):
    """A report did not reach Slack, as far as known; the text is the reason, for logs and the admin."""

    maybe_posted = True  # Slack may have taken it all the same


class RateLimited(NotDelivered):
    """Slack wants a pause of `retry_after` seconds."""

    maybe_posted = False

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ChannelClosed(NotDelivered):
    """This channel takes no message from us; a direct message may."""

    maybe_posted = False


class TokenRefused(NotDelivered):
    """Slack takes nothing from us at all until somebody acts."""

    maybe_posted = False


class Hopeless(NotDelivered):
    """Trying this again can't help."""

    maybe_posted = False
