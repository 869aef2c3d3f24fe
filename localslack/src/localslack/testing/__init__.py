"""Tools for the tests of a Slack app: a local Slack in a thread of the test process, and people who use it."""

from localslack.testing.control import Control, Json
from localslack.testing.installation import Installation
from localslack.testing.local_slack import LocalSlack
from localslack.testing.person import Person

__all__ = ["Control", "Installation", "Json", "LocalSlack", "Person"]
