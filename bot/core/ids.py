"""Patterns of Slack's ids, which people confuse with names and e-mail addresses."""

import re

MEMBER = re.compile(r"^[UW][A-Z0-9]{1,31}$")
WORKSPACE = re.compile(r"^[TE][A-Z0-9]{1,31}$")
