"""The values in records of the audit log. `bot.runs.audit` appends records; `bot.models.audit` has their table."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType, Self

from bot.core.entry import Entry
from bot.core.model import Actor, RunId, ScheduleId

PersonId = NewType("PersonId", int)  # primary key of a person's row


class Act(StrEnum):
    """The `action` of a record. The values are stable, as other programs read them."""

    RUN_ASKED = "run.asked"
    RUN_REFUSED = "run.refused"
    RUN_SENT = "run.sent"  # the broker has confirmed the message
    RUN_NOT_SENT = "run.not_sent"
    RUN_APPROVED = "run.approved"
    RUN_DECLINED = "run.declined"
    RUN_LAPSED = "run.lapsed"
    RUN_WITHDRAWN = "run.withdrawn"
    RUN_STOP_ASKED = "run.stop_asked"
    RUN_TERMINATED = "run.terminated"  # a worker has ended the task's process
    RUN_ENDED = "run.ended"
    LINK_ADDED = "link.added"
    LINK_REMOVED = "link.removed"
    TOKEN_ADDED = "token.added"  # noqa: S105
    TOKEN_REMOVED = "token.removed"  # noqa: S105
    RULES_CHANGED = "rules.changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    PERSON_FORGOTTEN = "person.forgotten"
    NOTICES_RETRIED = "notices.retried"


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """A person, and the accounts by which they acted. An empty field: they didn't act by such an account.

    All fields except `name` identify a person's row. A user who acts in Slack, on the web and by a token has three
    rows.
    """

    user: str = ""  # primary key of the Django user
    name: str = ""  # the user's name at this moment; the same person may have another name later
    team: str = ""
    slack_user: str = ""
    token: str = ""  # primary key of the API token
    os_user: str = ""

    @classmethod
    def of(cls, actor: Actor) -> Self:
        team, account = (actor.slack.team, actor.slack.user) if actor.slack else ("", "")
        return cls(user=actor.user or "", name=actor.name, team=team, slack_user=account, token=actor.token)

    @property
    def key(self) -> str:
        """The key of the person's row. It is a digest, because MariaDB ignores case, and users' keys may be long."""
        parts = [self.user, self.team, self.slack_user, self.token, self.os_user]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class By:
    """The person and the entry behind a change that isn't a run's."""

    words: str  # for the log
    entry: Entry = Entry.SYSTEM
    who: Who | None = None
    why: str = ""  # a code for the cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Something that somebody did, or that happened. It never becomes untrue."""

    act: Act
    entry: Entry
    who: Who | None = None  # None: runtask did it itself, or nobody knows who did it
    about: PersonId | None = None  # the person whom a link, a token, … is for
    schedule: ScheduleId | None = None
    schedule_name: str = ""
    run: RunId | None = None
    installation: str = ""  # an InstallationId; empty: the record belongs to none
    details: Mapping[str, Any] = field(default_factory=dict)  # JSON: codes and their parameters, no names of people
