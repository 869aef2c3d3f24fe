"""Finds the place of interactive elements: in a person's open modal or Home tab, or in a message that they see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localslack import payloads
from localslack.access import Refused, find_conversation, find_person, find_workspace
from localslack.slack import Slack
from localslack.state import Values, carried_over, find_element
from localslack.views import Offered, View
from localslack.workspace import Installation, Workspace

Json = dict[str, Any]


@dataclass(kw_only=True)
class Place:
    """A view or message as one person sees it. `parts` describes it in payloads of a given kind."""

    to: Installation  # whose elements they are
    user: str
    blocks: list[Json]
    values: Values
    parts: Callable[[str], Json]
    offered: Offered = field(default_factory=dict)
    view: View | None = None

    def element(self, block_id: Any, action_id: Any) -> tuple[Json, Json]:
        """The block and element with these ids. Raises Refused."""
        found = find_element(self.blocks, block_id, action_id)
        if found is None:
            raise Refused("element_not_found", 404)
        return found


class Places:
    """Finds places. It also keeps the values that people picked in messages, which have no view to keep them."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        # The key is the ids of the workspace and the conversation, the message's ts and the person's id.
        self._in_messages: dict[tuple[str, str, str, str], tuple[Values, Offered]] = {}

    def find(self, body: Json) -> Place:
        """The place that a request names by `view_id`, or by `channel` and `ts`. Raises Refused."""
        workspace = find_workspace(self._slack, body)
        user = find_person(workspace, body.get("user")).id
        if "view_id" in body:
            return self._of_view(workspace, top_view(workspace, user, body["view_id"]))
        return self._of_message(workspace, user, body.get("channel"), body.get("ts"))

    def _of_view(self, workspace: Workspace, view: View) -> Place:
        to = owner(workspace, view.bot.app_id)
        return Place(
            to=to,
            user=view.user,
            blocks=view.blocks,
            values=view.values,
            offered=view.offered,
            parts=lambda kind: payloads.in_view(to, view, kind),
            view=view,
        )

    def _of_message(self, workspace: Workspace, user: str, channel: Any, ts: Any) -> Place:
        where = find_conversation(workspace, user, channel)
        message = where.messages.get(ts)
        if message is None or message.get("only_visible_to", user) != user:
            raise Refused("message_not_found", 404)
        to = owner(workspace, message.get("app_id"))
        blocks = message.get("blocks", [])
        key = (workspace.team.id, where.id, message["ts"], user)
        old, offered = self._in_messages.get(key, ({}, {}))
        values = carried_over(blocks, old)
        self._in_messages[key] = (values, offered)
        return Place(
            to=to,
            user=user,
            blocks=blocks,
            values=values,
            offered=offered,
            parts=lambda _kind: payloads.in_message(to, user, where, message, values),
        )


def owner(workspace: Workspace, app_id: Any) -> Installation:
    """The app that made a view or a message. Raises Refused."""
    found = workspace.installation(app_id)
    if found is None:
        raise Refused("element_not_found", 404)  # people's messages have no elements
    return found


def top_view(workspace: Workspace, user: str, view_id: Any) -> View:
    """The person's topmost modal, or a Home tab, with this id. Raises Refused."""
    view = workspace.views.find(view_id)
    if view is None or view.user != user:
        raise Refused("view_not_found", 404)
    stack = workspace.views.stack(user)
    if view in stack and view is not stack[-1]:
        raise Refused("view_not_on_top", 409)
    return view
