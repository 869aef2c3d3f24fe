"""How Slack's ids look, for people who type them: names, addresses and e-mails are none."""

import re

MEMBER = re.compile(r"^[UW][A-Z0-9]{1,31}$")
NO_MEMBER = "is no member id; in their Slack profile, «Copy member ID» gives one that begins with U or W"
WORKSPACE = re.compile(r"^[TE][A-Z0-9]{1,31}$")
NO_WORKSPACE = "is no workspace id, which begins with T (or E)"
