"""Who may act, and where: the first question of everything a person does."""

from typing import Any

from localslack.slack import Slack
from localslack.workspace import Conversation, Person


class Refused(Exception):
    """Something a person could not have done in Slack; the text is the error code for the page."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


def person(slack: Slack, user: Any) -> Person:
    """Somebody who can act. Raises Refused."""
    found = slack.workspace.people.get(user)
    if found is None or found.deleted:
        raise Refused("user_not_found", 404)
    return found


def conversation(slack: Slack, user: str, channel: Any) -> Conversation:
    """A conversation the person is in. Raises Refused."""
    found = slack.workspace.conversations.get(channel)
    if found is None or user not in found.members:
        raise Refused("channel_not_found", 404)
    return found
