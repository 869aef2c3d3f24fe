"""The workspace: people, conversations and their messages."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from localslack.ids import Clock, new_id

Json = dict[str, Any]
Kind = Literal["channel", "private", "im"]

TEAM: Json = {"id": "T0LOCAL", "name": "Local", "domain": "local"}
OTHER_TEAM: Json = {"id": "T0ELSE", "name": "Elsewhere", "domain": "elsewhere"}
APP_ID = "A0LOCAL"
APP_NAME = "Runtask"
BOT_USER = "U0BOT"
BOT_ID = "B0BOT"
SLACKBOT = "USLACKBOT"
CREATED = 1_700_000_000  # when everything here is said to have been made


@dataclass(kw_only=True)
class Person:
    """A member, guest or outsider, with the flags that users.info shows."""

    id: str
    name: str
    real_name: str
    email: str = ""
    team_id: str = TEAM["id"]
    deleted: bool = False
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False


@dataclass(kw_only=True)
class Conversation:
    """A channel, private channel or direct message; `messages` is in order of time, ephemeral ones included."""

    id: str
    name: str
    kind: Kind = "channel"
    members: list[str] = field(default_factory=list)
    is_archived: bool = False
    is_read_only: bool = False
    is_shared: bool = False
    messages: dict[str, Json] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)  # parent's ts -> the replies' ts
    last_read: dict[str, str] = field(default_factory=dict)

    def add(self, message: Json) -> None:
        """Keep a message that has its ts."""
        self.messages[message["ts"]] = message
        if message.get("thread_ts", message["ts"]) != message["ts"]:
            self.threads.setdefault(message["thread_ts"], []).append(message["ts"])

    def remove(self, message: Json) -> None:
        """Forget a message."""
        del self.messages[message["ts"]]
        if message["ts"] in self.threads.get(message.get("thread_ts", ""), []):
            self.threads[message["thread_ts"]].remove(message["ts"])

    def visible_to(self, user: str) -> Iterator[Json]:
        """The messages this person may see: all but other people's ephemeral ones."""
        return (one for one in self.messages.values() if one.get("only_visible_to", user) == user)

    def unread(self, user: str) -> int:
        """How many visible messages of others, outside threads, came since the person last looked."""
        last = self.last_read.get(user, "")
        newer = (one for one in self.visible_to(user) if one["ts"] > last and one.get("user") != user)
        return sum(1 for one in newer if not is_hidden_reply(one))

    def parent(self, ts: str) -> Json | None:
        """The message that may be replied to at `ts`: neither a reply nor ephemeral."""
        found = self.messages.get(ts)
        is_reply = found is not None and found.get("thread_ts", ts) != ts
        return None if found is None or is_reply or found.get("is_ephemeral") else found

    def replies(self, ts: str) -> list[Json]:
        """Replies to the message at `ts`, oldest first; without ephemeral ones."""
        found = [self.messages[reply] for reply in self.threads.get(ts, [])]
        return [one for one in found if not one.get("is_ephemeral")]


def is_hidden_reply(message: Json) -> bool:
    """Whether the message shows in its thread only."""
    in_thread = message.get("thread_ts", message["ts"]) != message["ts"]
    return in_thread and message.get("subtype") != "thread_broadcast"


class Workspace:
    """People and conversations by id."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {}
        self.conversations: dict[str, Conversation] = {}

    def team_of(self, user: str) -> Json:
        """The workspace that the person comes from."""
        return OTHER_TEAM if self.people[user].team_id == OTHER_TEAM["id"] else TEAM

    def direct(self, first: str, second: str) -> Conversation:
        """The direct message between two people, made when there is none."""
        pair = sorted([first, second])
        for one in self.conversations.values():
            if one.kind == "im" and sorted(one.members) == pair:
                return one
        made = Conversation(id=new_id("D"), name="", kind="im", members=[first, second])
        self.conversations[made.id] = made
        return made

    def existing_direct(self, first: str, second: str) -> bool:
        """Whether the two have a direct message already."""
        pair = sorted([first, second])
        return any(one.kind == "im" and sorted(one.members) == pair for one in self.conversations.values())

    def of(self, user: str) -> list[Conversation]:
        """The conversations this person is in."""
        return [one for one in self.conversations.values() if user in one.members]

    def described(self, where: Conversation, user: str) -> Json:
        """A conversation as the page lists it for one person; a direct message has the other one's name."""
        shown: Json = {
            "id": where.id,
            "name": where.name,
            "kind": where.kind,
            "is_member_bot": BOT_USER in where.members,
            "is_archived": where.is_archived,
            "is_read_only": where.is_read_only,
            "is_shared": where.is_shared,
            "members": where.members,
            "unread": where.unread(user),
        }
        if where.kind == "im":
            other = next((one for one in where.members if one != user), user)
            shown |= {"user": other, "name": self.people[other].real_name}
        return shown

    def dump(self) -> Json:
        """Everything as JSON, for the state file."""
        return {
            "people": [asdict(one) for one in self.people.values()],
            "conversations": [asdict(one) for one in self.conversations.values()],
        }

    def load(self, saved: Json) -> None:
        """Replace everything by what `dump` gave."""
        self.people = {one["id"]: Person(**one) for one in saved["people"]}
        self.conversations = {one["id"]: Conversation(**one) for one in saved["conversations"]}
        for conversation in self.conversations.values():
            for ts in conversation.messages:
                self.clock.not_before(ts)
