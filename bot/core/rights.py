"""The rights that the site gives to a person, as the database has them at this moment."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.reasons import Problem, Reason

REASON_LIMIT = 500  # characters of the reason for a run, or for a refusal


class Action(StrEnum):
    """What an actor wants to do."""

    SEE = "see"
    RUN = "run"
    STOP = "stop"
    APPROVE = "approve"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """The rights of an account. By default, it has none."""

    is_superuser: bool = False
    groups: frozenset[str] | None = frozenset()  # names of Django's groups; None: they haven't been read
    permitted: frozenset[Action] = frozenset()  # by Django's permissions, or all (RUNTASK_ALLOW)

    def pass_list(self, groups: tuple[str, ...]) -> bool:
        """Whether a rule's list of groups includes the person. Superusers pass every list, but no other limit of a rule."""
        if not groups or self.is_superuser:
            return True
        if self.groups is None:
            raise ValueError("a rule names groups, but this person's groups haven't been read")
        return not self.groups.isdisjoint(groups)


NONE = Rights()
EVERYTHING = frozenset(Action)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """The approval that one rule asks for."""

    rule: str
    needed: int  # other people who must say yes
    approvers: tuple[str, ...] = ()  # groups; empty: everybody who may run the schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the rules demand of a person's run of a schedule. The form shows it before they press Run."""

    denied: Reason | None = None  # why they can't run it now
    reason_for: str = ""  # the rule that asks for a reason; empty: none does
    needs: tuple[Need, ...] = ()  # the approvals that it needs before it is sent
    problems: tuple[Problem, ...] = ()  # why rules don't allow the values that the form shows

    @property
    def asks_why(self) -> bool:
        """Whether the form has a field for the reason. Without `reason_for`, it may stay empty."""
        return bool(self.reason_for or self.needs)


NO_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Texts that a run's messages show because of rules."""

    reason: str = ""  # the requester's reason
    mention: tuple[str, ...] = ()  # Slack user groups and users who are mentioned if the run fails


NOTHING_SAID = Said()
