"""A person who uses the local Slack, for tests."""

from typing import Any

from localslack.escape import unescape
from localslack.testing.control import Control, Json


class Person:
    """One person. The methods return the answers of the control API."""

    def __init__(self, slack: Control, user: str, team: str | None = None) -> None:
        self._slack = slack
        self._team = team
        self.id = user

    def types(self, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Type a message or a slash command and press Enter."""
        more = {"thread_ts": thread_ts} if thread_ts else {}
        return self._do("type", channel=channel, text=text, **more)

    def uses(self, callback_id: str, channel: str | None = None, ts: str | None = None) -> Json:
        """Use a shortcut of the first app: from the menu, or on a message."""
        return self._do("shortcut", callback_id=callback_id, channel=channel, ts=ts)

    def edits(self, channel: str, ts: str, text: str) -> Json:
        """Edit one of this person's messages."""
        return self._do("edit", channel=channel, ts=ts, text=text)

    def modal(self) -> Json | None:
        """The topmost modal. Its `state` has what was typed."""
        stack = self.stack()
        return stack[-1] if stack else None

    def stack(self) -> list[Json]:
        """All open modals, bottom first."""
        return list(self._views()["stack"])

    def home(self, app: str | None = None) -> Json | None:
        """The Home tab of the first app, or of the app with this id."""
        views = self._views()
        home: Json | None = views["homes"].get(app) if app else views["home"]
        return home

    def suggests(self, block_id: str, action_id: str | None = None, value: str = "") -> Json:
        """Open a menu, or type into it. The answer has `options`, `option_groups` or an error."""
        return self._in_modal("suggest", block_id, action_id, value=value)

    def labels(self, block_id: str, action_id: str | None = None, value: str = "") -> list[str]:
        """The labels that the menu shows."""
        answer = self.suggests(block_id, action_id, value)
        assert answer["ok"], answer
        return [unescape(option["text"]["text"]) for option in options_in(answer)]

    def picks(self, block_id: str, action_id: str | None, query: str, label_or_value: str) -> Json:
        """Look for an option and pick the one with this label or value."""
        answer = self.suggests(block_id, action_id, query)
        assert answer["ok"], answer
        for option in options_in(answer):
            if label_or_value in (unescape(option["text"]["text"]), option["value"]):
                return self._in_modal("input", block_id, action_id, selected_option=option)
        raise AssertionError(f"{label_or_value!r} is not offered for {query!r}: {answer}")

    def fills(self, block_id: str, action_id: str | None, text: str | None, *, enter: bool = False) -> Json:
        """Type into an input of the modal. `block_id` may be the beginning of the block's id."""
        return self._in_modal("input", block_id, action_id, value=text, enter=enter)

    def sets(self, block_id: str, action_id: str | None = None, **state: Any) -> Json:
        """Give an element of the modal a value under its key in state: selected_option, selected_date, …"""
        return self._in_modal("input", block_id, action_id, **state)

    def clicks(self, block_id: str, action_id: str | None = None, value: str | None = None) -> Json:
        """Press a button, or pick from a menu outside input blocks, in the modal."""
        return self._in_modal("click", block_id, action_id, **({"value": value} if value else {}))

    def clicks_in(self, channel: str, ts: str, action_id: str, value: str | None = None) -> Json:
        """Press a button, or pick from a menu, in a message."""
        more = {"value": value} if value else {}
        while True:
            block_id = self._block_of(channel, ts, action_id)
            answer = self._do("click", channel=channel, ts=ts, block_id=block_id, action_id=action_id, **more)
            # If the app has edited the message meanwhile, its blocks may have new ids. Then look again.
            if answer.get("error") != "element_not_found" or block_id == self._block_of(channel, ts, action_id):
                return answer

    def submits(self, view_id: str | None = None) -> Json:
        """Press the modal's submit button."""
        return self._do("submit", view_id=view_id or self._top()["id"])

    def closes(self, *, everything: bool = False) -> Json:
        """Press Cancel, or the X that closes the whole stack."""
        return self._do("close", view_id=self._top()["id"], all=everything)

    def opens_home(self, tab: str = "home", app: str | None = None) -> Json:
        """Look at an app's Home tab."""
        return self._do("home", tab=tab, app=app)

    def presses_home(self, action_id: str, value: str | None = None, app: str | None = None) -> Json:
        """Press the first button with this id, and this value if it is given, on an app's Home tab."""
        ids, _ = self._on_home(action_id, value, app)
        return self._do("click", **ids)

    def picks_on_home(self, action_id: str, value: str, app: str | None = None) -> Json:
        """Pick the option with this value in a menu on an app's Home tab."""
        ids, menu = self._on_home(action_id, None, app)
        option = next(one for one in options_in(menu) if one["value"] == value)
        return self._do("input", **ids, selected_option=option)

    def _on_home(self, action_id: str, value: str | None, app: str | None) -> tuple[Json, Json]:
        home = self.home(app)
        assert home is not None, f"{self.id} has no Home tab"
        for block in home["blocks"]:
            for element in elements_in(block):
                if element.get("action_id") == action_id and value in (None, element.get("value")):
                    return {"view_id": home["id"], "block_id": block["block_id"], "action_id": action_id}, element
        raise AssertionError(f"no element {action_id!r} {value or ''} in {home['blocks']}")

    def dm(self, other: str | None = None) -> str:
        """The direct message with the first app's bot, or with somebody else."""
        return str(self._do("dm", **{"with": other})["channel"]["id"])

    def messages(self, channel: str) -> list[Json]:
        """The channel's messages, oldest first, without ephemeral messages and replies that only threads show."""
        return [one for one in self._seen(channel) if not one.get("is_ephemeral")]

    def ephemerals(self, channel: str) -> list[Json]:
        """The messages in the channel, outside threads, that only this person sees."""
        return [one for one in self._seen(channel) if one.get("is_ephemeral")]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The replies to a message, oldest first."""
        return [one for one in self._seen(channel, ts) if one["ts"] != ts]

    def _seen(self, channel: str, thread_ts: str | None = None) -> list[Json]:
        answer = self._slack.look("messages", user=self.id, team=self._team, channel=channel, thread_ts=thread_ts)
        assert answer["ok"], answer
        return list(answer["messages"])

    def _do(self, what: str, **body: Any) -> Json:
        return self._slack.control(what, user=self.id, team=self._team, **body)

    def _views(self) -> Json:
        return self._slack.look("views", user=self.id, team=self._team)

    def _top(self) -> Json:
        modal = self.modal()
        assert modal is not None, f"{self.id} has no modal open"
        return modal

    def _in_modal(self, what: str, block_id: str, action_id: str | None, **body: Any) -> Json:
        modal = self._top()
        block, element = element_in(modal["blocks"], block_id, action_id)
        return self._do(what, view_id=modal["id"], block_id=block["block_id"], action_id=element["action_id"], **body)

    def _block_of(self, channel: str, ts: str, action_id: str) -> str:
        message = next(one for one in self._seen(channel, ts) if one["ts"] == ts)
        for block in message.get("blocks", []):
            if any(element.get("action_id") == action_id for element in elements_in(block)):
                return str(block["block_id"])
        raise AssertionError(f"no element {action_id!r} in {message}")


def options_in(answer: Json) -> list[Json]:
    """All options in the answer of a menu, groups included."""
    groups = answer.get("option_groups", [])
    return [*answer.get("options", []), *(option for group in groups for option in group["options"])]


def elements_in(block: Json) -> list[Json]:
    """A block's elements."""
    return [one for one in [block.get("element"), block.get("accessory"), *block.get("elements", [])] if one]


def element_in(blocks: list[Json], block_id: str, action_id: str | None = None) -> tuple[Json, Json]:
    """The block whose id is `block_id`, or else begins with it, and its element (the first if `action_id` is None)."""
    exact = [block for block in blocks if block["block_id"] == block_id]
    for block in exact or [block for block in blocks if block["block_id"].startswith(block_id)]:
        for element in elements_in(block):
            if action_id in (None, element.get("action_id")):
                return block, element
    raise AssertionError(f"no element {block_id!r}/{action_id!r} in {[block['block_id'] for block in blocks]}")
