"""Where interactive elements stand: in a person's open modal or Home tab, or in a message they see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localslack import payloads
from localslack.access import Refused, conversation, person
from localslack.slack import Slack
from localslack.state import Values, carried_over, find_element
from localslack.views import Offered, View

Json = dict[str, Any]


@dataclass(kw_only=True)
class Place:
    """A view or message as one person has it before them; `parts` describes it in payloads."""

    user: str
    blocks: list[Json]
    values: Values
    parts: Callable[[str], Json]  # for a payload of that kind
    offered: Offered = field(default_factory=dict)
    view: View | None = None

    def element(self, block_id: Any, action_id: Any) -> tuple[Json, Json]:
        """The block and element with these ids. Raises Refused."""
        found = find_element(self.blocks, block_id, action_id)
        if found is None:
            raise Refused("element_not_found", 404)
        return found


class Places:
    """Finds places, and keeps what people picked in messages, for which Slack has no view store."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._in_messages: dict[tuple[str, str, str], tuple[Values, Offered]] = {}

    def find(self, body: Json) -> Place:
        """The place that a request of the page names by `view_id` or `channel` and `ts`. Raises Refused."""
        user = person(self._slack, body.get("user")).id
        if "view_id" in body:
            return self._of_view(top_view(self._slack, user, body["view_id"]))
        return self._of_message(user, body.get("channel"), body.get("ts"))

    def _of_view(self, view: View) -> Place:
        return Place(
            user=view.user,
            blocks=view.blocks,
            values=view.values,
            offered=view.offered,
            parts=lambda kind: payloads.in_view(self._slack, view, kind),
            view=view,
        )

    def _of_message(self, user: str, channel: Any, ts: Any) -> Place:
        where = conversation(self._slack, user, channel)
        message = where.messages.get(ts)
        if message is None or message.get("only_visible_to", user) != user:
            raise Refused("message_not_found", 404)
        blocks = message.get("blocks", [])
        old, offered = self._in_messages.get((where.id, message["ts"], user), ({}, {}))
        values = carried_over(blocks, old)
        self._in_messages[where.id, message["ts"], user] = (values, offered)
        return Place(
            user=user,
            blocks=blocks,
            values=values,
            offered=offered,
            parts=lambda _kind: payloads.in_message(self._slack, user, where, message, values),
        )


def top_view(slack: Slack, user: str, view_id: Any) -> View:
    """The person's modal on top of the stack, or Home tab, with that id. Raises Refused."""
    view = slack.views.find(view_id)
    if view is None or view.user != user:
        raise Refused("view_not_found", 404)
    stack = slack.views.stack(user)
    if view in stack and view is not stack[-1]:
        raise Refused("view_not_on_top", 409)
    return view
