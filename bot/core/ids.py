"""Checks ids, and takes them apart. People confuse Slack's ids with names and e-mail addresses."""

import re

from bot.core.model import InstallationId, TeamId

LARGEST_ID = 2**63 - 1  # the largest primary key of a row

MEMBER = re.compile(r"^[UW][A-Z0-9]{1,31}$")
WORKSPACE = re.compile(r"^[TE][A-Z0-9]{1,31}$")


def is_id(number: int) -> bool:
    """Whether a row can have this id. Addresses and forged forms may contain any number, and databases fail at large ones."""
    return 0 < number <= LARGEST_ID


def team_of(installation: InstallationId) -> TeamId:
    """The workspace of an installation. Empty if the installation is unknown."""
    return TeamId(installation.partition("/")[0])


def id_in(text: str) -> int | None:
    """The id that a text consists of. None: the text is no id."""
    is_short = text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if is_short and is_id(int(text)) else None
