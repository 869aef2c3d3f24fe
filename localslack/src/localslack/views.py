"""The open modals and Home tabs of one workspace: stacks, hashes, and input that updates keep."""

import copy
from dataclasses import dataclass, field
from typing import Any

from localslack.ids import Bot, Clock, new_id, view_hash
from localslack.shape import echoed_blocks, echoed_text
from localslack.state import Values, carried_over, find_element

Json = dict[str, Any]
# For each menu, by block_id and action_id: the number of the newest question that was answered, and the options that it
# got. The number keeps a late answer from replacing the answer to a newer question.
Offered = dict[tuple[str, str], tuple[int, list[Json]]]
STACK_LIMIT = 3  # docs.slack.dev: surfaces/modals


class ViewError(Exception):
    """The error code of views.*."""


@dataclass(kw_only=True)
class View:
    """One modal or Home tab that a person sees."""

    id: str
    bot: Bot  # whose view it is
    user: str
    team_id: str  # the person's workspace; an outsider has another one
    root_id: str
    previous_id: str | None
    body: Json  # as the app gave it, with ids and defaults
    values: Values
    hash: str
    channel: str | None = None  # the conversation from which it was opened
    touched: set[tuple[str, str]] = field(default_factory=set)  # elements that a person changed
    from_update: set[tuple[str, str]] = field(default_factory=set)  # elements that an update added
    offered: Offered = field(default_factory=dict)

    @property
    def external_id(self) -> str:
        """The id that the app gave the view, or an empty string."""
        return str(self.body.get("external_id") or "")

    @property
    def blocks(self) -> list[Json]:
        """The blocks, with all ids."""
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
            "app_id": self.bot.app_id,
            "external_id": self.external_id,
            "app_installed_team_id": self.bot.team_id,
            "bot_id": self.bot.bot_id,
        }


class Views:
    """Each person has one stack of modals, bottom first, and a Home tab for each app."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, dict[str, View]] = {}  # user -> app -> view

    def stack(self, user: str) -> list[View]:
        """The person's open modals. The last one is on top."""
        return self._stacks.setdefault(user, [])

    def home(self, user: str, app_id: str) -> View | None:
        """The person's Home tab of this app, if the app published one."""
        return self._homes.get(user, {}).get(app_id)

    def homes(self, user: str) -> dict[str, View]:
        """The person's Home tabs by app."""
        return self._homes.get(user, {})

    def find(self, view_id: str) -> View | None:
        """The open modal or Home tab with this id."""
        return next((one for one in self._all() if one.id == view_id), None)

    def by_external_id(self, external_id: str) -> View | None:
        """The view to which its app gave this id (docs.slack.dev: unique among all views of a workspace)."""
        return next((one for one in self._all() if one.external_id == external_id), None)

    def open(self, bot: Bot, user: str, team_id: str, body: Json, channel: str | None) -> View:
        """Open a modal. It replaces the stack that is open. Raises ViewError."""
        self._check_external_id(body, None)
        view = self._made(bot, user, team_id, body, channel=channel)
        self._stacks[user] = [view]
        return view

    def push(self, below: View, body: Json) -> View:
        """Put a modal on top of the stack that `below` is in. Raises ViewError."""
        stack = self.stack(below.user)
        if not stack:  # the person has closed it meanwhile
            raise ViewError("not_found")
        if len(stack) >= STACK_LIMIT:
            raise ViewError("push_limit_reached")
        self._check_external_id(body, None)
        top = stack[-1]
        view = self._made(below.bot, below.user, below.team_id, body, below=top, channel=top.channel)
        stack.append(view)
        return view

    def update(self, view: View, body: Json) -> None:
        """Replace what a view shows. Input stays where ids stay. Raises ViewError."""
        self._check_external_id(body, view)
        before = {(block, action) for block, actions in view.values.items() for action in actions}
        view.body = _shaped(body)
        view.values = carried_over(view.blocks, view.values, view.channel)
        now = {(block, action) for block, actions in view.values.items() for action in actions}
        view.from_update = (view.from_update & now) | (now - before)
        view.touched &= now
        view.hash = view_hash(self._clock.now())

    def publish(self, bot: Bot, user: str, team_id: str, body: Json) -> View:
        """Set the app's Home tab. Raises ViewError."""
        home = self.home(user, bot.app_id)
        if home is not None:
            self.update(home, body)
            return home
        self._check_external_id(body, None)
        made = self._made(bot, user, team_id, body)
        self._homes.setdefault(user, {})[bot.app_id] = made
        return made

    def close(self, view: View) -> None:
        """Close a modal and all modals above it."""
        stack = self.stack(view.user)
        if view in stack:
            del stack[stack.index(view) :]

    def clear(self, user: str) -> None:
        """Close all modals of this person."""
        self._stacks[user] = []

    def reset(self) -> None:
        """Close all modals and forget all Home tabs."""
        self._stacks.clear()
        self._homes.clear()

    def _made(
        self, bot: Bot, user: str, team_id: str, body: Json, *, below: View | None = None, channel: str | None = None
    ) -> View:
        view_id = new_id("V")
        shaped = _shaped(body)
        return View(
            id=view_id,
            bot=bot,
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
        homes = [view for by_app in self._homes.values() for view in by_app.values()]
        return [view for stack in self._stacks.values() for view in stack] + homes


def _shaped(body: Json) -> Json:
    texts = {name: echoed_text(body[name]) for name in ("title", "submit", "close") if body.get(name)}
    return {**body, **texts, "blocks": echoed_blocks(body["blocks"])}
