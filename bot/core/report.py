"""What a Slack message about a run can show."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Change, ChannelId, MessageTs, NoticeKind, Outcome, RunId, SlackUserId, TaskId
from bot.core.reasons import Reason
from bot.core.rights import NOTHING_SAID, Said
from bot.core.stops import Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """Who has asked to stop a run, and what that has come to."""

    slack: SlackUserId  # empty: they didn't ask from the workspace of the run's thread
    name: str  # on the site; empty: that account is gone
    at: datetime
    standing: Standing


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
    said: Said = NOTHING_SAID
    outcome: Outcome | None = None
    has_results: bool = True  # False: nothing will ever be known of its end
    unseen_because: Reason | None = None
    later_end: Outcome | None = None  # the newest end after the first
    can_stop: bool = False  # whether workers can be told
    may_kill: bool = False  # whether they may be told to terminate it
    stopped: Stopped | None = None  # None: nobody has asked for that
    duration: float | None = None  # seconds
    redirected_from: ChannelId | None = None
    redirected_because: str = ""
    result_link: str = ""
    run_link: str = ""
