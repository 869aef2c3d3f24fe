"""Small frozen values that the layers pass to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from bot.core.entry import Entry
from bot.core.reasons import Problem, Reason
from bot.core.rights import NO_LIMITS, NONE, Limits, Rights
from bot.core.text import exact

ScheduleId = NewType("ScheduleId", int)
RunId = NewType("RunId", int)
TaskId = NewType("TaskId", str)
TeamId = NewType("TeamId", str)
InstallationId = NewType("InstallationId", str)  # T…/A…: the app in one workspace. Empty: unknown
SlackUserId = NewType("SlackUserId", str)
ChannelId = NewType("ChannelId", str)
MessageTs = NewType("MessageTs", str)


class Source(StrEnum):
    """Where runtask reads outcomes."""

    ROWS = "rows"  # in the table of django-celery-results
    BACKEND = "backend"  # in Celery's result backend, by task id
    EVENTS = "events"  # in the events that workers send while they run tasks
    NONE = "none"  # nowhere: the site keeps no results


class Listening(StrEnum):
    """Whether a live worker consumes a queue."""

    YES = "yes"
    NO = "no"  # workers have answered, and none of them consumes it
    SILENT = "silent"  # no worker has answered: there is none, or they are busy or just starting
    UNKNOWN = "unknown"


class Audience(StrEnum):
    """Who can read a channel."""

    OWN = "own"  # nobody outside our own organisation
    EXTERNAL = "external"  # another organisation, too
    UNKNOWN = "unknown"  # Slack doesn't allow us to ask
    ELSEWHERE = "elsewhere"  # Slack says nothing about this channel, mostly because the bot isn't in it


class Field(StrEnum):
    """A field of the form."""

    SCHEDULE = "schedule"
    ARGS = "args"
    KWARGS = "kwargs"
    REASON = "reason"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Slack's facts about a person (`users.info`)."""

    home: TeamId
    email: str = field(default="", repr=False)
    is_guest: bool = False
    is_bot: bool = False
    is_deleted: bool = False
    is_stranger: bool = False  # from another workspace, and in no channel that the app can see


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackAccount:
    """A Slack user. Their id is unique within their team only."""

    team: TeamId
    user: SlackUserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """The person who is acting, with the rights they have at this moment."""

    user: str | None = None  # primary key of the Django user; None: the Slack account has no link
    name: str = ""
    is_active: bool = False
    is_staff: bool = False
    email: str = field(default="", repr=False)
    rights: Rights = NONE
    entry: Entry = Entry.SYSTEM
    token: str = ""  # primary key of the API token by which they act; empty: they act otherwise
    slack: SlackAccount | None = None
    profile: Profile | None = None
    team: TeamId | None = None  # the workspace in which the bot is installed; None: they don't act from Slack
    unknown_because: str = ""  # Slack's error code, if Slack didn't give their profile


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The place in a workspace to which a run's messages go."""

    channel: ChannelId  # a person's id stands for the direct message with them, which may not be open yet
    parent: MessageTs | None = None  # all messages, including the root, are replies to this message


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """The place to which a run's messages go, and the requester there."""

    installation: InstallationId
    place: Place
    requester: SlackAccount | None  # None: they have no Slack account there


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A `PeriodicTask` row as it is stored: `args`, `kwargs` and `headers` are its JSON texts."""

    id: ScheduleId
    name: str
    task: str
    args: str = field(repr=False)
    kwargs: str = field(repr=False)
    enabled: bool
    clock: tuple[str, int] | None  # the kind of times (crontab, interval, …), and the primary key of their row
    is_one_off: bool = False  # beat sends the task once, then disables the schedule
    description: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)  # the columns that bot.core.options lists
    headers: str = field(default="", repr=False)
    fingerprint: str = field(default="", repr=False)  # covers secrets, so only its seal leaves runtask

    @property
    def exact_task(self) -> str:
        return exact(self.task)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The queue or exchange to which a message goes, and its options, as far as this process can tell."""

    options: Mapping[str, Any] = field(default_factory=dict)  # as in bot.core.options; missing: Celery's default
    past_expires: datetime | None = None  # the schedule's own expiry, left out because it has passed
    headers: str = ""  # the schedule's own headers, as JSON text, secrets masked
    is_registered: bool = True  # False: this process doesn't know the task and sends it by name

    @property
    def queue(self) -> str | None:
        return self.options.get("queue")  # None: it is unknown, or an exchange decides


@dataclass(frozen=True, kw_only=True, slots=True)
class LastRun:
    """The newest known run of a schedule."""

    status: str  # Celery's; empty: its end isn't known
    at: datetime  # when it ended or, if that isn't known, when it was sent


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A run of a schedule that has not ended."""

    run: RunId
    since: datetime
    requester: SlackUserId  # empty: they didn't ask in Slack
    name: str = ""  # the requester's username on the site
    is_running: bool  # whether a worker has begun it


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """Args or kwargs, of a schedule or a run, as everybody sees them: secrets masked."""

    text: str  # for a form, indented if it can be sent
    compact: str  # with the white space of the row
    value: Any  # None: it can't be sent
    problems: tuple[Problem, ...] = ()  # why it can't be sent
    foreign: tuple[str, ...] = ()  # the places of secrets of somebody else's run, which the reader can't send

    def fitting(self, limit: int) -> str | None:
        """The text for an input that takes `limit` characters. None: it is too long to be edited there."""
        return next((text for text in (self.text, self.compact) if len(text) <= limit), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """Everything that the form shows of a schedule."""

    schedule: Schedule
    when: str  # in words: "every day at 02:00, Europe/Berlin"
    target: Target
    source: Source  # where runtask will read a run's outcome
    stored: Mapping[Field, Shown]
    fingerprint: str  # the seal of the schedule's fingerprint
    last: LastRun | None = None
    running: Running | None = None
    listening: Listening = Listening.UNKNOWN  # whether a worker consumes its queue
    limits: Limits = NO_LIMITS  # what rules demand of a run by this actor
    problems: tuple[Problem, ...] = ()  # why it can't be sent with any arguments


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """A schedule in a list."""

    id: ScheduleId
    name: str
    task: str
    enabled: bool

    @property
    def exact_task(self) -> str:
        return exact(self.task)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matches:
    """The first schedules that match a query, best match first, and the number of all matches."""

    first: tuple[Brief, ...]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """A request to run a schedule: parsed, but not yet authorised. Texts are JSON as typed; None means "as stored"."""

    key: str  # each opened form has its own key, so a repeated submission has the same key
    schedule: ScheduleId
    args: str | None = field(repr=False)
    kwargs: str | None = field(repr=False)
    fingerprint: str | None  # the sealed fingerprint that the form was shown with; None: run it as it is now
    destination: Destination | None = None
    digest: str = ""  # of the whole request, if the same key must not be used for a different request
    again: RunId | None = None  # the run to repeat: "as stored" and masks then mean its values
    reason: str = field(default="", repr=False)  # why, in the requester's words


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """A task with its values and options, before Celery makes a message of it."""

    task_id: TaskId
    task: str
    args: list[Any] = field(repr=False)
    kwargs: dict[str, Any] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)  # of Celery's apply_async: queue, priority, expires, headers, …
    target: Target = Target()  # where these options lead, for people


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a source says of a task. Its texts may contain secrets until `runs.finish` masks and shortens them."""

    task_id: TaskId
    status: str  # Celery's status, or one that the task gives itself (PROGRESS)
    token: str  # opaque, at most 100 characters; it changes whenever the outcome does
    at: datetime  # the time of the change or, if that is unknown, the time at which runtask saw it
    started_at: datetime | None = None
    result: str = field(default="", repr=False)  # readable text
    result_length: int = 0  # characters before shortening
    traceback: str = field(default="", repr=False)
    worker: str = ""
    unreadable: Reason | None = None  # why nobody can say more: there is a result, but it can't be read


class NoticeKind(StrEnum):
    """A message that a run owes. `progress` edits the root, and `answered` edits an `ask`. All others are posted."""

    ROOT = "root"
    ID = "id"
    PROGRESS = "progress"
    DEADLINE = "deadline"
    UNSEEN = "unseen"  # says that the run's end can't be known
    CLOSED = "closed"  # says that the run ended without its task having run
    FINAL = "final"
    AGAIN = "again"  # says that the task ended a second time, with another status or result
    ASK = "ask"  # asks an approver, in a direct message of their own
    ANSWERED = "answered"  # says in an `ask` how the run stands

    @classmethod
    def of(cls, stored: str) -> "NoticeKind":
        return cls(stored.partition(":")[0])  # rows for approvers have a number after the kind


EDITS = {NoticeKind.PROGRESS: NoticeKind.ROOT, NoticeKind.ANSWERED: NoticeKind.ASK}  # the message that each edits


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A value that differs between two calls. `old` and `new` are JSON texts, with secrets masked. None: no value.

    If `old` and `new` are the same, only a secret differs.
    """

    name: str = ""  # of a keyword argument; empty: it is a positional argument
    position: int = 0  # of a positional argument, from 1; 0: it is a keyword argument
    old: str | None
    new: str | None
