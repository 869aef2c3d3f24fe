"""The values that a Slack message about a run can show."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Change, ChannelId, MessageTs, NoticeKind, Outcome, RunId, SlackUserId, TaskId
from bot.core.reasons import Reason
from bot.core.rights import NOTHING_SAID, Need, Said
from bot.core.status import is_unsent
from bot.core.stops import Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """The person who asked to stop a run, and what happened then."""

    slack: SlackUserId  # empty: they didn't ask from the workspace of the run's thread
    name: str  # their username on the site; empty: that account was deleted
    at: datetime
    standing: Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An approver's answer."""

    slack: SlackUserId  # empty: they have no account in the workspace of the run's messages
    name: str  # their username on the site; empty: that account was deleted
    is_yes: bool
    why: str  # the reason of a no


@dataclass(frozen=True, kw_only=True, slots=True)
class Untold:
    """Approvers who can't get a direct message."""

    number: int = 0
    all: int = 0  # the number of approvers who should have got one; 0: nobody who may approve has a linked account
    because: str = ""  # Slack's error code for one of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The approval that a run waits for, or had."""

    needs: tuple[Need, ...]
    until: datetime
    mark: str  # the part of the payload's digest that the buttons contain
    ask: tuple[str, ...] = ()  # Slack user groups that are asked
    answers: tuple[Answered, ...] = ()
    problem: Reason | None = None  # why the last try sent nothing, or why it can't be approved any more
    untold: Untold | None = None  # None: no failed message is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that a Slack message about a run can show."""

    kind: NoticeKind
    run: RunId
    task_id: TaskId
    schedule: str
    task: str
    requester: SlackUserId  # empty: they didn't ask in Slack
    name: str  # the requester's username on the site
    channel: ChannelId
    # Whether another organisation may read the channel. Then only the state and a link are shown.
    is_external: bool = False
    thread: MessageTs | None
    state: str
    status: str
    created_at: datetime
    sent_at: datetime | None = None  # None: it wasn't sent, or nobody knows whether it was
    changes: tuple[Change, ...] = ()
    is_emptied: bool = False  # the changes and the result have been deleted
    said: Said = NOTHING_SAID
    outcome: Outcome | None = None
    has_results: bool = True  # False: runtask will never know the end
    by_events: bool = False  # the result is a text that Celery has shortened
    unseen_because: Reason | None = None  # why its end can't be known or, while it is open, may stay unknown
    later_end: Outcome | None = None  # the newest end after the first
    can_stop: bool = False  # whether the task may still run, and a Stop can reach the workers
    may_kill: bool = False  # whether a Stop may terminate the running task
    stopped: Stopped | None = None  # None: nobody has asked to stop the run
    duration: float | None = None  # seconds
    redirected_from: ChannelId | None = None
    redirected_because: str = ""
    result_link: str = ""
    run_link: str = ""
    asked: Asked | None = None  # None: the run needs no approval
    recipient: SlackUserId | None = None  # the approver whom a message is for
    # Whether the message is for one person, who may not see the schedule: a requester reads only the state, an approver nothing.
    is_hidden: bool = False

    @property
    def is_unsent(self) -> bool:
        """Whether the run waits for approval, or ended while it was waiting."""
        return self.asked is not None and is_unsent(self.state, self.sent_at)

    @property
    def reader(self) -> SlackUserId:
        """The person whose direct messages may get this message."""
        return self.recipient or self.requester
