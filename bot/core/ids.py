"""What ids may be. People confuse Slack's with names and e-mail addresses."""

import re

LARGEST_ID = 2**63 - 1  # of a row; one from an address or a forged form may be larger

MEMBER = re.compile(r"^[UW][A-Z0-9]{1,31}$")
WORKSPACE = re.compile(r"^[TE][A-Z0-9]{1,31}$")
