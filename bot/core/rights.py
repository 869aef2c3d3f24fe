"""What the site lets somebody do, as the database says at this moment."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.reasons import Problem, Reason


class Action(StrEnum):
    """What an actor wants to do."""

    SEE = "see"
    RUN = "run"
    STOP = "stop"
    APPROVE = "approve"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """Of an account. By default, none that anybody has to be given."""

    is_superuser: bool = False
    groups: frozenset[str] = frozenset()  # names of Django's
    permitted: frozenset[Action] = frozenset()  # by Django's permissions, or all (RUNTASK_ALLOW)


NONE = Rights()
EVERYTHING = frozenset(Action)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """The approval that one rule asks for."""

    rule: str
    needed: int  # other people who must say yes
    approvers: tuple[str, ...] = ()  # groups; empty: whoever may run the schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the rules say of a run of a schedule by somebody, before they press Run."""

    denied: Reason | None = None  # why they can't run it now
    reason_for: str = ""  # the rule that asks for a reason; empty: none does
    needs: tuple[Need, ...] = ()  # who must approve it before it is sent
    problems: tuple[Problem, ...] = ()  # what the rules don't allow of the values that the form shows

    @property
    def asks_why(self) -> bool:
        """Whether the form has a field for the reason. Without `reason_for`, it may stay empty."""
        return bool(self.reason_for or self.needs)


NO_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a run's messages show because of rules."""

    reason: str = ""  # the requester's
    mention: tuple[str, ...] = ()  # Slack user groups and users, of a run that failed


NOTHING_SAID = Said()
