"""Open modals and Home tabs: stacks, hashes, and input kept across updates."""

import copy
from dataclasses import dataclass, field
from typing import Any

from localslack.ids import Clock, new_id, view_hash
from localslack.shape import echoed_blocks, echoed_text
from localslack.state import Values, carried_over, find_element
from localslack.workspace import APP_ID, BOT_ID, TEAM

Json = dict[str, Any]
# What each menu last showed, with the number of the question: an answer that comes late must not undo a later one.
Offered = dict[tuple[str, str], tuple[int, list[Json]]]
STACK_LIMIT = 3  # docs.slack.dev: surfaces/modals


class ViewError(Exception):
    """The code that views.* answers with."""


@dataclass(kw_only=True)
class View:
    """One modal or Home tab that a person has before them."""

    id: str
    user: str
    team_id: str  # the person's workspace, which for an outsider is not ours
    root_id: str
    previous_id: str | None
    body: Json  # as the app gave it, shaped
    values: Values
    hash: str
    channel: str | None = None  # the conversation it was opened from
    touched: set[tuple[str, str]] = field(default_factory=set)  # elements a person changed
    from_update: set[tuple[str, str]] = field(default_factory=set)  # elements that came with an update
    offered: Offered = field(default_factory=dict)

    @property
    def external_id(self) -> str:
        """The app's own name for it, empty if none."""
        return str(self.body.get("external_id") or "")

    @property
    def blocks(self) -> list[Json]:
        """The blocks with all ids filled in."""
        blocks: list[Json] = self.body["blocks"]
        return blocks

    def element(self, block_id: str, action_id: str) -> tuple[Json, Json] | None:
        """The block and the interactive element with these ids."""
        return find_element(self.blocks, block_id, action_id)

    def shown(self, values: Values | None = None) -> Json:
        """The view object, keys in the order of recorded payloads."""
        body = self.body
        return {
            "id": self.id,
            "team_id": self.team_id,
            "type": body["type"],
            "blocks": copy.deepcopy(self.blocks),
            "private_metadata": body.get("private_metadata") or "",
            "callback_id": body.get("callback_id") or "",
            "state": {"values": copy.deepcopy(self.values if values is None else values)},
            "hash": self.hash,
            "title": body.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": body.get("clear_on_close", False),
            "notify_on_close": body.get("notify_on_close", False),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": APP_ID,
            "external_id": self.external_id,
            "app_installed_team_id": TEAM["id"],
            "bot_id": BOT_ID,
        }


class Views:
    """Everybody's stack of modals, bottom first, and Home tab."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        """The person's open modals; the last one is on top."""
        return self._stacks.setdefault(user, [])

    def home(self, user: str) -> View | None:
        """The person's Home tab, if the app ever published one."""
        return self._homes.get(user)

    def find(self, view_id: str) -> View | None:
        """An open modal or a Home tab."""
        return next((one for one in self._all() if one.id == view_id), None)

    def by_external_id(self, external_id: str) -> View | None:
        """The view with the app's own id."""
        return next((one for one in self._all() if one.external_id == external_id), None)

    def open(self, user: str, team_id: str, body: Json, channel: str | None) -> View:
        """Put up a new modal in place of whatever is open. Raises ViewError."""
        self._check_external_id(body, None)
        view = self._made(user, team_id, body, channel=channel)
        self._stacks[user] = [view]
        return view

    def push(self, user: str, team_id: str, body: Json) -> View:
        """Put a modal on top of the stack. Raises ViewError."""
        stack = self.stack(user)
        if len(stack) >= STACK_LIMIT:
            raise ViewError("push_limit_reached")
        self._check_external_id(body, None)
        view = self._made(user, team_id, body, below=stack[-1], channel=stack[-1].channel)
        stack.append(view)
        return view

    def update(self, view: View, body: Json) -> None:
        """Replace what a view shows; input stays where ids stay. Raises ViewError."""
        self._check_external_id(body, view)
        before = {(block, action) for block, actions in view.values.items() for action in actions}
        view.body = _shaped(body)
        view.values = carried_over(view.blocks, view.values, view.channel)
        now = {(block, action) for block, actions in view.values.items() for action in actions}
        view.from_update = (view.from_update & now) | (now - before)
        view.touched &= now
        view.hash = view_hash(self._clock.now())

    def publish(self, user: str, team_id: str, body: Json) -> View:
        """Set the Home tab. Raises ViewError."""
        home = self._homes.get(user)
        if home is not None:
            self.update(home, body)
            return home
        self._check_external_id(body, None)
        made = self._made(user, team_id, body)
        self._homes[user] = made
        return made

    def close(self, view: View) -> None:
        """Take a modal away, and with it what lies above."""
        stack = self.stack(view.user)
        if view in stack:
            del stack[stack.index(view) :]

    def clear(self, user: str) -> None:
        """Close all modals of this person."""
        self._stacks[user] = []

    def reset(self) -> None:
        """Nobody has anything open."""
        self._stacks.clear()
        self._homes.clear()

    def _made(
        self, user: str, team_id: str, body: Json, *, below: View | None = None, channel: str | None = None
    ) -> View:
        view_id = new_id("V")
        shaped = _shaped(body)
        return View(
            id=view_id,
            user=user,
            team_id=team_id,
            root_id=below.root_id if below else view_id,
            previous_id=below.id if below else None,
            body=shaped,
            values=carried_over(shaped["blocks"], {}, channel),
            hash=view_hash(self._clock.now()),
            channel=channel,
        )

    def _check_external_id(self, body: Json, view: View | None) -> None:
        external_id = body.get("external_id")
        if external_id and self.by_external_id(external_id) not in (None, view):
            raise ViewError("duplicate_external_id")

    def _all(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack] + list(self._homes.values())


def _shaped(body: Json) -> Json:
    texts = {name: echoed_text(body[name]) for name in ("title", "submit", "close") if body.get(name)}
    return {**body, **texts, "blocks": echoed_blocks(body["blocks"])}
