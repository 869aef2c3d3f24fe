"""What a Slack message about a run can show."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Change, ChannelId, MessageTs, NoticeKind, Outcome, RunId, SlackUserId, TaskId
from bot.core.reasons import Reason
from bot.core.rights import NOTHING_SAID, Need, Said
from bot.core.status import UNSENT, RunState
from bot.core.stops import Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """Who has asked to stop a run, and what that has come to."""

    slack: SlackUserId  # empty: they didn't ask from the workspace of the run's thread
    name: str  # on the site; empty: that account is gone
    at: datetime
    standing: Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What an approver has said."""

    slack: SlackUserId  # empty: they have no account in the workspace of the run's messages
    name: str  # on the site; empty: that account is gone
    is_yes: bool
    why: str  # of a no


@dataclass(frozen=True, kw_only=True, slots=True)
class Untold:
    """Approvers who should have got a direct message, and can't."""

    number: int
    all: int  # who should have got one
    because: str  # Slack's error code, of one of them


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The approval that a run waits for, or had."""

    needs: tuple[Need, ...]
    until: datetime
    mark: str  # for the buttons
    ask: tuple[str, ...] = ()  # Slack user groups
    answers: tuple[Answered, ...] = ()
    problem: Reason | None = None  # why the last try sent nothing, or why it can't be approved any more
    untold: Untold | None = None  # None: nobody, as far as is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that a Slack message about a run can show."""

    kind: NoticeKind
    run: RunId
    task_id: TaskId
    schedule: str
    task: str
    requester: SlackUserId  # empty: asked for elsewhere than in Slack
    name: str  # the requester's on the site
    channel: ChannelId
    is_external: bool = False  # whether another company reads the channel, so that only the state and a link are shown
    thread: MessageTs | None
    state: str
    status: str
    created_at: datetime
    sent_at: datetime | None = None  # None: unknown whether it was sent
    changes: tuple[Change, ...] = ()
    is_emptied: bool = False  # what was changed, and the result, have been deleted
    said: Said = NOTHING_SAID
    outcome: Outcome | None = None
    has_results: bool = True  # False: nothing will ever be known of its end
    by_events: bool = False  # its results are Celery's short texts of them
    unseen_because: Reason | None = None  # why its end can't be known or, while it is open, may stay unknown
    later_end: Outcome | None = None  # the newest end after the first
    can_stop: bool = False  # whether workers can be told
    may_kill: bool = False  # whether they may be told to terminate it
    stopped: Stopped | None = None  # None: nobody has asked for that
    duration: float | None = None  # seconds
    redirected_from: ChannelId | None = None
    redirected_because: str = ""
    result_link: str = ""
    run_link: str = ""
    asked: Asked | None = None  # None: nobody had to be asked
    recipient: SlackUserId | None = None  # of a message to an approver
    is_hidden: bool = False  # the recipient may not see the schedule

    @property
    def is_unsent(self) -> bool:
        """It waits for approval, or it ended while it did."""
        is_withdrawn = self.state == RunState.WITHDRAWN and self.sent_at is None
        return self.asked is not None and (self.state in UNSENT or is_withdrawn)

    @property
    def reader(self) -> SlackUserId:
        """Whose direct message it may go to."""
        return self.recipient or self.requester
