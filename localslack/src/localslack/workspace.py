"""A workspace: its people, conversations and views, and the apps that are installed in it."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from localslack.apps import App
from localslack.config import Grant
from localslack.conversation import Conversation
from localslack.delivery import Ack, Port
from localslack.ids import Bot, new_id
from localslack.members import OTHER_TEAM, Person, Team
from localslack.rates import Rates
from localslack.shared import Shared
from localslack.views import Views

Json = dict[str, Any]


class Workspace:
    """Workspaces share no people, channels or views, but the ids of people and channels may be the same."""

    def __init__(self, team: Team, shared: Shared, path: str = "") -> None:
        self.team = team
        self.shared = shared
        self.path = path  # before `/archives/…` in the addresses of its messages
        self.people: dict[str, Person] = {}
        self.conversations: dict[str, Conversation] = {}
        self.installations: list[Installation] = []  # the newest is the last
        self.views = Views(shared.clock)

    @property
    def url(self) -> str:
        """The workspace's address."""
        return f"{self.shared.base_url}{self.path}/"

    def installation(self, app_id: Any) -> "Installation | None":
        """This app's installation."""
        return next((one for one in self.installations if one.app.id == app_id), None)

    def team_of(self, user: str) -> Team:
        """The workspace from which the person comes. Outsiders come from another one."""
        team_id = self.people[user].team_id
        return self.team if team_id == self.team.id else replace(OTHER_TEAM, id=team_id)

    def direct(self, first: str, second: str) -> Conversation:
        """The direct message between two people, perhaps a new one. U0ANA's first new one has the id D0ANA."""
        if found := self.existing_direct(first, second):
            return found
        readable_id = f"D0{first.removeprefix('U0')}"
        made_id = new_id("D") if readable_id in self.conversations else readable_id
        made = Conversation(id=made_id, name="", kind="im", members=[first, second])
        self.conversations[made_id] = made
        self.tell_channel(made)
        return made

    def existing_direct(self, first: str, second: str) -> Conversation | None:
        """The direct message between two people, if they have one."""
        pair = sorted([first, second])
        ims = (one for one in self.conversations.values() if one.kind == "im")
        return next((one for one in ims if sorted(one.members) == pair), None)

    def of(self, user: str) -> list[Conversation]:
        """The conversations of this person."""
        return [one for one in self.conversations.values() if user in one.members]

    def described(self, where: Conversation, user: str) -> Json:
        """A conversation as the page lists it for one person. A direct message has the other person's name."""
        apps = [one.app.id for one in self.installations if one.bot.user_id in where.members]
        shown: Json = {
            "id": where.id,
            "name": where.name,
            "kind": where.kind,
            "is_member_bot": bool(apps),
            "apps": apps,
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

    def publish(self, event: str, data: Any, *, to: Collection[str]) -> None:
        """Send an event to these people of the workspace."""
        self.shared.hub.publish(event, data, team=self.team.id, to=to)

    def tell_channel(self, where: Conversation) -> None:
        """Tell the members how the conversation is now."""
        for user in where.members:
            self.publish("channel", {"channel": self.described(where, user)}, to=[user])

    def screen(self, user: str) -> Json:
        """The views that the person sees: the stack of modals, bottom first, and the Home tabs by app."""
        homes = {app_id: view.shown() for app_id, view in self.views.homes(user).items()}
        first = self.installations[0].app.id if self.installations else None
        return {
            "stack": [view.shown() for view in self.views.stack(user)],
            "home": homes.get(first) if first else None,
            "homes": homes,
        }

    def tell_screen(self, user: str) -> None:
        """Send the person the views that they see now."""
        self.publish("view", self.screen(user), to=[user])

    def dump(self) -> Json:
        """Team, people and conversations as JSON."""
        return {
            "team": asdict(self.team),
            "people": [asdict(one) for one in self.people.values()],
            "conversations": [asdict(one) for one in self.conversations.values()],
        }

    def load(self, saved: Json) -> None:
        """Replace people and conversations by those that `dump` gave."""
        self.people = {one["id"]: Person(**one) for one in saved["people"]}
        self.conversations = {one["id"]: Conversation(**one) for one in saved["conversations"]}
        for conversation in self.conversations.values():
            for ts in conversation.messages:
                self.shared.clock.not_before(ts)


@dataclass(kw_only=True, eq=False)
class Installation:
    """An app in a workspace. The app calls Slack with the bot token, and Slack sends payloads to the app."""

    bot: Bot
    app: App
    workspace: Workspace
    grant: Grant
    rates: Rates
    is_removed: bool = False  # somebody has uninstalled it

    @property
    def shared(self) -> Shared:
        """The parts that all workspaces and apps share."""
        return self.workspace.shared

    @property
    def port(self) -> Port:
        """The way to the app in its present mode."""
        return self.app.port

    async def deliver(self, kind: str, payload: Json, *, user: str) -> Ack:
        """Deliver to the app what this person did."""
        return await self.shared.courier.deliver(self, kind, payload, user=user)

    def send_event(self, payload: Json) -> None:
        """Deliver an event to the app, in the background."""
        self.shared.courier.send_event(self, payload)
