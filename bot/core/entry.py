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
