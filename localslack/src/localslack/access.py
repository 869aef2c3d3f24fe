"""Finds the workspace, app, person and conversation of a request to the control API, and checks that the person may be there."""

from typing import Any

from localslack.conversation import Conversation
from localslack.members import Person
from localslack.slack import Slack
from localslack.workspace import Installation, Workspace

Json = dict[str, Any]


class Refused(Exception):
    """A person could not have done this in Slack. The text is the error code for the page."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


def workspace(slack: Slack, asked: Json) -> Workspace:
    """The workspace that `team` names, else the first. Raises Refused."""
    team_id = asked.get("team")
    found = slack.workspaces.get(team_id) if team_id else slack.first.workspace
    if found is None:
        raise Refused("team_not_found", 404)
    return found


def installation(slack: Slack, asked: Json) -> Installation:
    """The installation that `team` and `app` name, else the workspace's first. Raises Refused."""
    where = workspace(slack, asked)
    if not asked.get("app"):
        if not where.installations:
            raise Refused("no_app_installed", 404)
        return where.installations[0]
    found = where.installation(asked["app"])
    if found is None:
        raise Refused("app_not_found", 404)
    return found


def person(where: Workspace, user: Any) -> Person:
    """The person with this id, who must be able to act. Raises Refused."""
    found = where.people.get(user)
    if found is None or found.deleted:
        raise Refused("user_not_found", 404)
    return found


def conversation(where: Workspace, user: str, channel: Any) -> Conversation:
    """The conversation with this id, if it is one of the person's. Raises Refused."""
    found = where.conversations.get(channel)
    if found is None or user not in found.members:
        raise Refused("channel_not_found", 404)
    return found
