"""The values that a form shows about an earlier run, if it is filled with that run's values."""

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
    changes: tuple[Change, ...]  # how the run's values differed from those stored then


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """The values of a run, and how they compare with its schedule."""

    run: Earlier
    values: Mapping[Field, Shown]
    differences: tuple[Change, ...]  # from the values that are stored now (old) to the run's (new)
    since: tuple[Change, ...]  # how the stored values have changed since the run
    # How the schedule's name, task and options have changed since the run. `old` and `new` are plain texts here.
    settings: tuple[Change, ...]
    fingerprint: str  # the seal of a fingerprint of the schedule and these values
    problems: tuple[Problem, ...] = ()  # why rules don't allow these values


@dataclass(frozen=True, kw_only=True, slots=True)
class Fill:
    """The values that fill a form, and the other runs whose values could."""

    again: Again | None = None  # None: the stored values fill it
    recent: tuple[Earlier, ...] = ()  # the newest runs with different values, newest first


AS_STORED = Fill()
