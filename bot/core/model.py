"""Small frozen values that the layers pass to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from bot.core.entry import Entry
from bot.core.reasons import Problem
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
    """Where outcomes are read."""

    ROWS = "rows"  # in the table of django-celery-results
    BACKEND = "backend"  # in Celery's result backend, which is asked by task id
    EVENTS = "events"  # in the events that workers send while they run tasks
    NONE = "none"  # nowhere: the site keeps no results


class Listening(StrEnum):
    """Whether a live worker consumes a queue."""

    YES = "yes"
    NO = "no"  # workers have answered, and none of them consumes it
    SILENT = "silent"  # no worker has answered: there is none, or they are busy or just starting
    UNKNOWN = "unknown"


class Audience(StrEnum):
    """Who reads a channel."""

    OWN = "own"  # nobody outside our own organisation
    EXTERNAL = "external"  # another company, too
    UNKNOWN = "unknown"  # we may not ask


class Field(StrEnum):
    """A field of the form."""

    SCHEDULE = "schedule"
    ARGS = "args"
    KWARGS = "kwargs"
    REASON = "reason"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What Slack knows of a person (`users.info`)."""

    home: TeamId
    email: str = ""
    is_guest: bool = False
    is_bot: bool = False
    is_deleted: bool = False
    is_stranger: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackAccount:
    """A Slack user. Their id is unique within their team only."""

    team: TeamId
    user: SlackUserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """The person who is acting, with the rights they have at this moment."""

    user: str | None = None  # primary key of the Django user; None: a Slack account without a link
    name: str = ""
    is_active: bool = False
    is_staff: bool = False
    email: str = field(default="", repr=False)
    rights: Rights = NONE
    entry: Entry = Entry.SYSTEM
    token: str = ""  # primary key of the API token; only of people who act by one
    slack: SlackAccount | None = None
    profile: Profile | None = None
    team: TeamId | None = None  # the workspace that the bot is installed in; only of people who act from Slack
    unknown_because: str = ""  # Slack's error code, if Slack couldn't be asked about them


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in a workspace a run's messages go."""

    channel: ChannelId  # or a person's id: the direct message with them, which may not be open yet
    parent: MessageTs | None = None  # the message that all of them, the root too, are replies to


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where a run's messages go, and for whom."""

    installation: InstallationId
    place: Place
    requester: SlackAccount | None  # None: a person without a Slack account there


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A `PeriodicTask` row as it is stored: `args`, `kwargs` and `headers` are its JSON texts."""

    id: ScheduleId
    name: str
    task: str
    args: str = field(repr=False)
    kwargs: str = field(repr=False)
    enabled: bool
    clock: tuple[str, int] | None  # its kind of times (crontab, interval, …), and the key of that kind's row
    is_one_off: bool = False  # beat sends it once, then disables it
    description: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)  # of the table in bot.core.options
    headers: str = field(default="", repr=False)
    fingerprint: str = ""  # changes when anything that is sent changes

    @property
    def exact_task(self) -> str:
        return exact(self.task)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a message goes and with which options, as far as this process can tell."""

    options: Mapping[str, Any] = field(default_factory=dict)  # of bot.core.options; missing: Celery's default
    past_expires: datetime | None = None  # the schedule's own expiry, left out because it has passed
    headers: str = ""  # the schedule's own, as JSON text, secrets masked
    is_registered: bool = True  # False: this process doesn't know the task and sends it by name

    @property
    def queue(self) -> str | None:
        """None where an exchange decides, too."""
        return self.options.get("queue")


@dataclass(frozen=True, kw_only=True, slots=True)
class LastRun:
    """The newest result known for a schedule."""

    status: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A run of a schedule that has not ended."""

    run: RunId
    since: datetime
    requester: SlackUserId  # empty: not asked for in Slack
    name: str = ""  # the requester's on the site


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A schedule's stored args or kwargs as everybody sees them: secrets masked."""

    text: str  # for a form: indented if it can be sent
    compact: str  # the same, as it is written in the row
    value: Any  # None if it can't be sent
    problems: tuple[Problem, ...] = ()  # why it can't

    def fitting(self, limit: int) -> str | None:
        """For an input that takes so many characters. None: it can't be edited there."""
        return next((text for text in (self.text, self.compact) if len(text) <= limit), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """Everything that a person sees of a schedule before they run it."""

    schedule: Schedule
    when: str  # in words: "every day at 02:00, Europe/Berlin"
    target: Target
    source: Source  # where the outcome of a run will be read
    stored: Mapping[Field, Shown]
    last: LastRun | None = None
    running: Running | None = None
    listening: Listening = Listening.UNKNOWN  # on its queue
    limits: Limits = NO_LIMITS  # what rules say of a run by this actor
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
    """The first schedules that match a query, best first, and how many match in all."""

    first: tuple[Brief, ...]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """A request to run a schedule: parsed, but not yet authorised. Texts are JSON as typed; None means "as stored"."""

    key: str  # one per opened form: a repeated submission has the same
    actor: Actor
    schedule: ScheduleId
    args: str | None = field(repr=False)
    kwargs: str | None = field(repr=False)
    fingerprint: str | None  # the schedule's, when the form was shown; None: as it is now
    destination: Destination | None = None
    digest: str = ""  # of the whole request, where a key must not be used for two different ones
    again: RunId | None = None  # "as stored" and masks then mean the values of this run
    reason: str = ""  # why, in the requester's words


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """What goes to the broker, before Celery makes a message of it."""

    task_id: TaskId
    task: str
    args: list[Any] = field(repr=False)
    kwargs: dict[str, Any] = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)  # of Celery's apply_async: queue, priority, expires, headers, …
    target: Target = Target()  # where these options lead, for people


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a source says of a task. Its texts are as they are until `runs.finish` masks and shortens them."""

    task_id: TaskId
    status: str  # Celery's state, or a task's own (PROGRESS)
    token: str  # opaque, at most 100 characters: differs whenever the source says something else
    at: datetime  # when this became so, or when we saw it
    started_at: datetime | None = None
    result: str = field(default="", repr=False)  # readable text
    result_length: int = 0  # characters before shortening
    traceback: str = field(default="", repr=False)
    worker: str = ""


class NoticeKind(StrEnum):
    """A message that a run owes. `progress` edits the root of its thread, `answered` an `ask`; the others are posted."""

    ROOT = "root"
    ID = "id"
    PROGRESS = "progress"
    DEADLINE = "deadline"
    UNSEEN = "unseen"  # its end can't be known
    CLOSED = "closed"  # it ended without having been run
    FINAL = "final"
    AGAIN = "again"  # it ended a second time, otherwise
    ASK = "ask"  # asks an approver, in a direct message of their own
    ANSWERED = "answered"  # edits that one

    @classmethod
    def of(cls, stored: str) -> "NoticeKind":
        """Of a notice's row, where those to approvers are numbered."""
        return cls(stored.partition(":")[0])


EDITS = {NoticeKind.PROGRESS: NoticeKind.ROOT, NoticeKind.ANSWERED: NoticeKind.ASK}  # and which message they edit


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value that differs from the stored one, as JSON text, secrets masked. None: there is no such value."""

    name: str = ""  # of a keyword argument
    position: int = 0  # of a positional argument, from 1
    old: str | None
    new: str | None

    @property
    def is_of_a_secret(self) -> bool:
        """Whether only a secret differs, so that both texts read the same."""
        return self.old == self.new
