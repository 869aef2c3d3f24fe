"""Rules: who may do what with some schedules, and under which conditions. A rule narrows; it never allows more.

All rules that match a schedule apply. `Terms` combines their conditions for a run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.core.entry import Entry
from bot.core.globs import Globs
from bot.core.rights import Rights


class Notify(StrEnum):
    """When a run's end is posted as a reply. The first message of a run always shows the end."""

    NEVER = "never"
    FAILURE = "failure"  # unless the run succeeded
    ALWAYS = "always"


LOUDNESS = tuple(Notify)
HOURS = 24.0  # hours for which a run waits for the approvals of a rule that doesn't say for how long


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule. Each default stands for a field that the file leaves out, and limits nothing."""

    name: str
    tasks: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    see: tuple[str, ...] = ()  # Django groups, as in `run`, `stop` and `approvers`
    run: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    channels: tuple[str, ...] = ()  # Slack channels to which runs from Slack may report
    arguments: Mapping[str, Any] | None = None  # a JSON Schema of the arguments by name
    approvals: int = 0
    approvers: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()  # Slack user groups whose members are asked for approval
    approval_hours: float | None = None
    reason: bool = False
    one_at_a_time: bool = False
    kill: bool = True
    closed: tuple[str, ...] = ()  # windows, as in bot.core.windows
    notify: Notify | None = None
    mention: tuple[str, ...] = ()  # Slack user groups and users who are mentioned if a run fails

    @property
    def globs(self) -> Globs:
        return Globs(self.tasks, self.schedules)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The conditions of all rules that match a schedule, combined."""

    reason: bool = False
    one_at_a_time: bool = False
    kill: bool = True
    notify: Notify = Notify.ALWAYS
    mention: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    approval_hours: float = HOURS


def terms(rules: Iterable[Rule]) -> Terms:
    """Combines conditions: the shortest time, the most replies, everybody who must be mentioned or asked."""
    found = tuple(rules)
    said = [rule.notify for rule in found if rule.notify is not None]
    hours = [rule.approval_hours or HOURS for rule in found if rule.approvals or rule.approval_hours]
    return Terms(
        reason=any(rule.reason for rule in found),
        one_at_a_time=any(rule.one_at_a_time for rule in found),
        kill=all(rule.kill for rule in found),
        notify=max(said, key=LOUDNESS.index, default=Notify.ALWAYS),
        mention=tuple(dict.fromkeys(one for rule in found for one in rule.mention)),
        ask=tuple(dict.fromkeys(one for rule in found for one in rule.ask)),
        approval_hours=min(hours, default=HOURS),
    )


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules, in their order."""

    rules: tuple[Rule, ...] = ()

    @property
    def names_groups(self) -> bool:
        return any(rule.see or rule.run or rule.stop or rule.approvers for rule in self.rules)

    def of(self, name: str, task: str) -> tuple[Rule, ...]:
        """The rules that match a schedule of this name and task."""
        return tuple(rule for rule in self.rules if rule.globs.match(name, task))

    def hiding(self, rights: Rights) -> tuple[Globs, ...]:
        """The globs of the schedules that are hidden from a person with these rights."""
        return tuple(rule.globs for rule in self.rules if not rights.pass_list(rule.see))
