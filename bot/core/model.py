"""The vocabulary: small frozen values that travel between the layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

ScheduleId = NewType("ScheduleId", int)
RunId = NewType("RunId", int)
TaskId = NewType("TaskId", str)
TeamId = NewType("TeamId", str)
SlackUserId = NewType("SlackUserId", str)
ChannelId = NewType("ChannelId", str)
MessageTs = NewType("MessageTs", str)


class Field(StrEnum):
    """The part of a form that a problem belongs to."""

    SCHEDULE = "schedule"
    ARGS = "args"
    KWARGS = "kwargs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong with one field, for the person who typed it; a place in JSON counts from 1."""

    field: Field
    text: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What Slack says of a person (`users.info`)."""

    home: TeamId
    email: str = ""
    is_guest: bool = False
    is_bot: bool = False
    is_deleted: bool = False
    is_stranger: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SlackAccount:
    """A person as Slack names them: user ids are unique only together with the team."""

    team: TeamId
    user: SlackUserId


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Whoever is acting, as known at this moment; `user` is the primary key of the linked Django user, as text."""

    user: str | None = None
    name: str = ""
    is_active: bool = False
    is_staff: bool = False
    slack: SlackAccount | None = None
    profile: Profile | None = None
    team: TeamId | None = None  # the workspace the bot is installed in, when acting from Slack
    unknown_because: str = ""  # why Slack couldn't be asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where a run's messages go."""

    team: TeamId
    channel: ChannelId
    requester: SlackUserId  # empty: somebody without a Slack account


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A `PeriodicTask` row, as stored: `args`, `kwargs` and `headers` are its JSON text."""

    id: ScheduleId
    name: str
    task: str
    args: str
    kwargs: str
    enabled: bool
    clock: tuple[str, int] | None  # what its times are stored as (crontab, interval, …), and that row's key
    description: str = ""
    queue: str | None = None
    exchange: str | None = None
    routing_key: str | None = None
    priority: int | None = None
    expires: datetime | None = None
    expire_seconds: int | None = None
    headers: str = ""
    fingerprint: str = ""  # changes when anything that is sent changes


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a message goes and with which options, as far as this process can tell; None: left to Celery's defaults."""

    queue: str | None = None  # None also where an exchange decides
    exchange: str | None = None
    routing_key: str | None = None
    priority: int | None = None
    expires: datetime | float | None = None  # a number: seconds after sending
    past_expires: datetime | None = None  # the schedule's, left out because it is over
    time_limit: float | None = None  # seconds
    soft_time_limit: float | None = None
    headers: str = ""  # the schedule's own, as JSON text
    is_registered: bool = True  # False: sent by name, since this process doesn't know the task


@dataclass(frozen=True, kw_only=True, slots=True)
class LastRun:
    """The newest result known for a schedule."""

    status: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A run of a schedule that has not ended; `requester` is empty if it was not asked for in Slack."""

    run: RunId
    since: datetime
    requester: SlackUserId
    name: str = ""  # the requester's on the site


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """Everything a person sees of a schedule before running it."""

    schedule: Schedule
    when: str  # in words: "every day at 02:00, Europe/Berlin"
    target: Target
    last: LastRun | None = None
    running: Running | None = None
    listened: bool | None = None  # whether a live worker takes it; None: not known
    problems: tuple[Problem, ...] = ()  # what keeps it from being sent, whatever its arguments


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """A schedule in a list."""

    id: ScheduleId
    name: str
    task: str
    enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Matches:
    """The first schedules that match a query, best first, and how many match in all."""

    first: tuple[Brief, ...]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """What somebody asked for: parsed, not yet allowed. Texts are JSON as typed; None means "as stored"."""

    key: str  # one per opened form; a repeated submission has the same
    actor: Actor
    schedule: ScheduleId
    args: str | None
    kwargs: str | None
    fingerprint: str | None  # the schedule's, when the form was shown; None: as it is now
    destination: Destination | None = None
    digest: str = ""  # of everything asked for, where a key must not stand for two requests


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """What goes to the broker, before Celery makes a message of it."""

    task_id: TaskId
    task: str
    args: list[Any]
    kwargs: dict[str, Any]
    options: Mapping[str, Any]  # of Celery's apply_async: queue, priority, expires, headers, …
    target: Target = Target()  # what becomes of the options, for people


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What Celery's result row says of a task now."""

    task_id: TaskId
    status: str  # Celery's state, or a task's own (PROGRESS)
    at: datetime  # when the row was last written
    started_at: datetime | None = None
    result: str = ""  # readable text, shortened to RESULT_LIMIT
    result_length: int = 0  # characters before shortening
    traceback: str = ""
    worker: str = ""


class NoticeKind(StrEnum):
    """A message that a run owes its thread; `progress` edits the root instead of posting."""

    ROOT = "root"
    ID = "id"
    PROGRESS = "progress"
    DEADLINE = "deadline"
    FINAL = "final"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value that differs from the stored one, as JSON text; None: not there."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything a Slack message about a run can show."""

    kind: NoticeKind
    run: RunId
    task_id: TaskId
    schedule: str
    task: str
    requester: SlackUserId  # empty: asked for elsewhere than in Slack
    name: str  # the requester's on the site
    channel: ChannelId
    thread: MessageTs | None
    state: str
    status: str
    created_at: datetime
    sent_at: datetime | None = None  # None: nobody knows whether it was sent
    changes: tuple[Change, ...] = ()
    outcome: Outcome | None = None
    duration: float | None = None  # seconds
    redirected_from: ChannelId | None = None
    redirected_because: str = ""
    result_link: str = ""
    run_link: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)  # of Celery's apply_async, as sent
