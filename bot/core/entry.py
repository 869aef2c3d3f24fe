"""By which way somebody acts."""

from enum import StrEnum


class Entry(StrEnum):
    """Stable: rows and answers contain it."""

    SLACK = "slack"
    WEB = "web"
    API = "api"
    COMMAND = "command"
    ADMIN = "admin"
    SYSTEM = "system"  # the program itself: no person


BY_PEOPLE = (Entry.SLACK, Entry.WEB, Entry.API)  # by these, people start runs, and rules may name them
