"""Finds the workspace, app, person and conversation of a request to the control API.

A person finds only their own conversations.
"""

from typing import Any

from localslack.conversation import Conversation
from localslack.members import Person
from localslack.slack import Slack
from localslack.workspace import Installation, Workspace

Json = dict[str, Any]


class Refused(Exception):
    """The control API refuses a request: it is wrong, or a person couldn't do this in Slack. `error` is the code."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


def find_workspace(slack: Slack, asked: Json) -> Workspace:
    """The workspace that `team` names, else the first. Raises Refused."""
    team_id = asked.get("team")
    found = slack.workspaces.get(team_id) if team_id else slack.first.workspace
    if found is None:
        raise Refused("team_not_found", 404)
    return found


def find_installation(slack: Slack, asked: Json) -> Installation:
    """The installation that `team` and `app` name, else the workspace's first. Raises Refused."""
    workspace = find_workspace(slack, asked)
    if not asked.get("app"):
        if not workspace.installations:
            raise Refused("no_app_installed", 404)
        return workspace.installations[0]
    found = workspace.installation(asked["app"])
    if found is None:
        raise Refused("app_not_found", 404)
    return found


def find_person(workspace: Workspace, user: Any) -> Person:
    """The person with this id, who must not be deleted. Raises Refused."""
    found = workspace.people.get(user)
    if found is None or found.deleted:
        raise Refused("user_not_found", 404)
    return found


def find_conversation(workspace: Workspace, user: str, channel: Any) -> Conversation:
    """The conversation with this id, if it is one of the person's. Raises Refused."""
    found = workspace.conversations.get(channel)
    if found is None or user not in found.members:
        raise Refused("channel_not_found", 404)
    return found
