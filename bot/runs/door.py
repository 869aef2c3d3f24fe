"""The door: Slack, the pages and the API share one permission check, `authorise`, and four verbs: see, start, follow, stop.

Each verb is a module. Its functions take a `Platform` and an actor (or a request with one), and call `authorise` before they do
anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core import policy
from bot.core.model import Actor, Source
from bot.core.policy import Action, Subject
from bot.core.ports import Catalog, Queues, Sender, Stopper
from bot.core.reasons import Code, Reason
from bot.runs import actors
from bot.runs.refusals import NotAllowed
from bot.runs.sources import Sources
from bot.runs.unsaved import Unsaved

EVERYTHING = Subject()


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The platform whose schedules are run, and the options that the verbs need."""

    catalog: Catalog
    sender: Sender
    sources: Sources
    secret_keys: tuple[str, ...]
    deadline: float  # seconds
    queues: Queues | None = None
    stopper: Stopper
    may_kill: bool = False  # whether Stop may terminate a running task
    announcements: Mapping[str, str] = field(default_factory=dict)  # see Conf.announce
    unsaved: Unsaved = field(default_factory=Unsaved)
    wake: Callable[[], None] = lambda: None  # wakes this process's loops, as a notice may be owed

    def source_of(self, task: str) -> Source:
        """Where the outcome of a new run of this task will be read. Events come whether or not its result is kept."""
        if self.sources.now is Source.EVENTS:
            return Source.EVENTS
        return self.sources.now if self.sender.keeps_result(task) else Source.NONE

    def why_unseen(self, task: str) -> Reason | None:
        """Why the end of a new run of this task may stay unknown, if that is known beforehand."""
        is_silent = self.sources.now is Source.EVENTS and not self.sender.sends_events(task)
        return Reason(code=Code.NO_EVENTS) if is_silent else None


def authorise(actor: Actor, action: Action, subject: Subject = EVERYTHING) -> None:
    """Raises NotAllowed."""
    if denied := policy.may(actor, action, subject):
        raise NotAllowed(denied)


def may_see(user: Any) -> bool:
    """Whether a user of the site may see any schedules. For links; the verbs decide again."""
    return policy.may(actors.of_user(user), Action.SEE, EVERYTHING) is None
