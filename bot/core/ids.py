"""What ids may be. People confuse Slack's with names and e-mail addresses."""

import re

LARGEST_ID = 2**63 - 1  # of a row

MEMBER = re.compile(r"^[UW][A-Z0-9]{1,31}$")
WORKSPACE = re.compile(r"^[TE][A-Z0-9]{1,31}$")


def is_id(number: int) -> bool:
    """Whether a row can have it. A number from an address or a forged form may be any, and a database fails at a large one."""
    return 0 < number <= LARGEST_ID


def id_in(text: str) -> int | None:
    """The id that a text is; None: it is something else."""
    is_short = text.isascii() and text.isdecimal() and len(text) < 20
    return int(text) if is_short and is_id(int(text)) else None
