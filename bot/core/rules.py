"""Rules: who may do what with some schedules, and under which conditions. A rule narrows; it never allows more.

All rules that match a schedule must hold. What they ask of a run together is in `Terms`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.core.entry import Entry
from bot.core.globs import Globs


class Notify(StrEnum):
    """Whether an end is posted as a reply. The first message of a run always shows it."""

    NEVER = "never"
    FAILURE = "failure"  # unless it succeeded
    ALWAYS = "always"


LOUDNESS = tuple(Notify)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """An empty tuple, or None, is what a file leaves out: the rule then says nothing of it."""

    name: str
    tasks: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    see: tuple[str, ...] = ()  # Django groups, as in the next two and in `approvers`
    run: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    channels: tuple[str, ...] = ()  # of runs from Slack
    arguments: Mapping[str, Any] | None = None  # a JSON Schema of the arguments by name
    approvals: int = 0
    approvers: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()  # Slack user groups
    approval_hours: float | None = None
    reason: bool = False
    one_at_a_time: bool = False
    kill: bool = True
    closed: tuple[str, ...] = ()  # see bot.core.windows
    notify: Notify | None = None
    mention: tuple[str, ...] = ()  # Slack user groups and users

    @property
    def globs(self) -> Globs:
        return Globs(self.tasks, self.schedules)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What all rules that match a schedule ask of a run of it."""

    reason: bool = False
    one_at_a_time: bool = False
    kill: bool = True
    notify: Notify = Notify.ALWAYS
    mention: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    approval_hours: float | None = None


def terms(rules: Iterable[Rule]) -> Terms:
    """The shortest time, the loudest notices, everybody who is to be mentioned or asked."""
    found = tuple(rules)
    said = [rule.notify for rule in found if rule.notify is not None]
    hours = [rule.approval_hours for rule in found if rule.approval_hours is not None]
    return Terms(
        reason=any(rule.reason for rule in found),
        one_at_a_time=any(rule.one_at_a_time for rule in found),
        kill=all(rule.kill for rule in found),
        notify=max(said, key=LOUDNESS.index, default=Notify.ALWAYS),
        mention=tuple(dict.fromkeys(one for rule in found for one in rule.mention)),
        ask=tuple(dict.fromkeys(one for rule in found for one in rule.ask)),
        approval_hours=min(hours, default=None),
    )


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules, in their order."""

    rules: tuple[Rule, ...] = ()

    @property
    def names_groups(self) -> bool:
        return any(rule.see or rule.run or rule.stop or rule.approvers for rule in self.rules)

    def of(self, name: str, task: str) -> tuple[Rule, ...]:
        """Those that match a schedule of this name and task."""
        return tuple(rule for rule in self.rules if rule.globs.match(name, task))

    def hiding(self, groups: frozenset[str], *, is_superuser: bool) -> tuple[Globs, ...]:
        """What these rules match doesn't exist for a member of these groups only."""
        return tuple(rule.globs for rule in self.rules if not passes(rule.see, groups, is_superuser=is_superuser))


def passes(listed: tuple[str, ...], groups: frozenset[str], *, is_superuser: bool) -> bool:
    """Whether a list of groups lets a person in. A superuser passes these lists, and nothing else of a rule."""
    return not listed or is_superuser or not groups.isdisjoint(listed)
