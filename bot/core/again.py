"""What a form shows about an earlier run, if it is filled with the values of that run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Change, Field, RunId, Shown, SlackUserId
from bot.core.reasons import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """An earlier run: who asked for it, when, and how far it is."""

    run: RunId
    requester: SlackUserId  # empty if they didn't ask in Slack, or asked in a workspace that isn't the reader's
    name: str  # the requester's username on the site
    at: datetime
    state: str
    status: str
    changes: tuple[Change, ...]  # from the values that were stored at that time to the run's


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """The values of a run, and how they compare with its schedule."""

    run: Earlier
    values: Mapping[Field, Shown]
    differences: tuple[Change, ...]  # from the values that are stored now (old) to the run's (new)
    since: tuple[Change, ...]  # how the stored values have changed since the run
    settings: tuple[Change, ...]  # how its name, task and options have changed since the run; as texts, not JSON
    fingerprint: str  # of the schedule and these values
    problems: tuple[Problem, ...] = ()  # why rules don't allow these values


@dataclass(frozen=True, kw_only=True, slots=True)
class Fill:
    """What a form is filled with, and the other runs that could fill it."""

    again: Again | None = None  # None: with the stored values
    recent: tuple[Earlier, ...] = ()  # the newest runs with different values, newest first


AS_STORED = Fill()
