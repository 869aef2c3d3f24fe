"""What a form shows of an earlier run whose values it is filled with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Change, Field, RunId, Shown, SlackUserId
from bot.core.reasons import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """A run of a schedule: who asked for it, when, and how far it is."""

    run: RunId
    requester: SlackUserId  # empty: not asked for in Slack, or in a workspace where the reader isn't
    name: str  # the requester's on the site
    at: datetime
    state: str
    status: str
    changes: tuple[Change, ...]  # from the values that were stored then


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """The values of a run, and how they compare with its schedule."""

    run: Earlier
    values: Mapping[Field, Shown]
    differences: tuple[Change, ...]  # from the stored values as they are now (old) to those of the run (new)
    since: tuple[Change, ...]  # of the stored values, since the run
    settings: tuple[Change, ...]  # of the schedule's name, task and options, since the run; as texts, not JSON
    fingerprint: str  # of the schedule and these values
    problems: tuple[Problem, ...] = ()  # what rules don't allow of these values


@dataclass(frozen=True, kw_only=True, slots=True)
class Fill:
    """What a form is filled with, and what else it could be filled with."""

    again: Again | None = None  # None: the stored values
    recent: tuple[Earlier, ...] = ()  # the newest runs with different values, newest first


AS_STORED = Fill()
