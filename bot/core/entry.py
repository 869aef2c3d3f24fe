"""The ways in which somebody can act."""

from enum import StrEnum


class Entry(StrEnum):
    """Where an action comes from. The values are stable: rows and answers contain them."""

    SLACK = "slack"
    WEB = "web"
    API = "api"
    COMMAND = "command"
    ADMIN = "admin"
    SYSTEM = "system"  # runtask itself, not a person


BY_PEOPLE = (Entry.SLACK, Entry.WEB, Entry.API)  # the entries by which people start runs; rules may name them
