"""What the site lets an account do, as the database says at this moment."""

from dataclasses import dataclass
from enum import StrEnum


class Entry(StrEnum):
    """The way by which somebody acts."""

    SLACK = "slack"
    WEB = "web"
    API = "api"


class Action(StrEnum):
    """What an actor wants to do."""

    SEE = "see"
    RUN = "run"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """By default, none that anybody has to be given."""

    is_superuser: bool = False
    groups: frozenset[str] = frozenset()  # names of Django's
    permitted: frozenset[Action] = frozenset()  # by Django's permissions, or all (RUNTASK_ALLOW)


NONE = Rights()
EVERYTHING = frozenset(Action)
