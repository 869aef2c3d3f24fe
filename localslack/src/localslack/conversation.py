"""A channel, private channel or direct message, with its messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["channel", "private", "im"]


@dataclass(kw_only=True)
class Conversation:
    """`messages` has all messages by their ts, in order of time, with the ephemeral ones."""

    id: str
    name: str
    kind: Kind = "channel"
    members: list[str] = field(default_factory=list)
    is_archived: bool = False
    is_read_only: bool = False
    is_shared: bool = False  # another company reads the channel, too
    is_pending_shared: bool = False  # the other company has been invited
    host: str = ""  # the other company's workspace if that created the channel, else empty
    messages: dict[str, Json] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)  # parent's ts -> the replies' ts
    last_read: dict[str, str] = field(default_factory=dict)  # user -> ts of the last message that they have seen

    def add(self, message: Json) -> None:
        """Keep a message, which already has its ts."""
        self.messages[message["ts"]] = message
        if message.get("thread_ts", message["ts"]) != message["ts"]:
            self.threads.setdefault(message["thread_ts"], []).append(message["ts"])

    def remove(self, message: Json) -> None:
        """Forget a message."""
        del self.messages[message["ts"]]
        if message["ts"] in self.threads.get(message.get("thread_ts", ""), []):
            self.threads[message["thread_ts"]].remove(message["ts"])

    def visible_to(self, user: str) -> Iterator[Json]:
        """The messages that this person may see: all except other people's ephemeral messages."""
        return (one for one in self.messages.values() if one.get("only_visible_to", user) == user)

    def unread(self, user: str) -> int:
        """How many visible messages by others, outside threads, came since the person last looked."""
        last = self.last_read.get(user, "")
        newer = (one for one in self.visible_to(user) if one["ts"] > last and one.get("user") != user)
        return sum(1 for one in newer if not is_hidden_reply(one))

    def parent(self, ts: str) -> Json | None:
        """The message at `ts`, if one may reply to it: replies and ephemeral messages take no replies."""
        found = self.messages.get(ts)
        is_reply = found is not None and found.get("thread_ts", ts) != ts
        return None if found is None or is_reply or found.get("is_ephemeral") else found

    def replies(self, ts: str) -> list[Json]:
        """The replies to the message at `ts`, oldest first, without ephemeral messages."""
        found = [self.messages[reply] for reply in self.threads.get(ts, [])]
        return [one for one in found if not one.get("is_ephemeral")]


def is_hidden_reply(message: Json) -> bool:
    """Whether the channel shows the message in its thread only."""
    in_thread = message.get("thread_ts", message["ts"]) != message["ts"]
    return in_thread and message.get("subtype") != "thread_broadcast"
