"""All parts of the local Slack, put together once."""

from typing import Any

from localslack.config import Config
from localslack.delivery import Courier
from localslack.faults import Faults
from localslack.http_mode import HttpPort
from localslack.ids import Clock
from localslack.log import Log
from localslack.rates import Rates
from localslack.seed import fill
from localslack.socket_mode import Sockets
from localslack.stream import Hub
from localslack.tickets import Hooks, Triggers
from localslack.views import Views
from localslack.workspace import Conversation, Workspace


class Slack:
    """The workspace, the app's configuration, and the ways between them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.base_url = ""  # known once the server listens
        self.clock = Clock()
        self.hub = Hub()
        self.log = Log(self.clock.now, self.hub.stir)
        self.faults = Faults()
        self.rates = Rates(self.clock.now)
        self.workspace = Workspace(self.clock)
        self.views = Views(self.clock)
        self.triggers = Triggers(self.clock.now)
        self.hooks = Hooks(self.clock.now)
        self.sockets = Sockets(self.hub)
        self.http = HttpPort(config)
        self.courier = Courier(config, {"socket": self.sockets, "http": self.http}, self.faults, self.log)
        fill(self.workspace)

    def reset(self) -> None:
        """Back to the first day: seed people and channels, no messages, views, faults or log."""
        fill(self.workspace)
        self.views.reset()
        self.faults.clear()
        self.rates.clear()
        self.log.clear()
        self.hub.publish("reset", {})

    def direct(self, first: str, second: str) -> Conversation:
        """The direct message between two people; a new one is told to both."""
        is_new = not self.workspace.existing_direct(first, second)
        found = self.workspace.direct(first, second)
        if is_new:
            self.tell_channel(found)
        return found

    def tell_channel(self, where: Conversation) -> None:
        """Tell everybody in it how the conversation is now."""
        for user in where.members:
            self.hub.publish("channel", {"channel": self.workspace.described(where, user)}, to=[user])

    def screen(self, user: str) -> dict[str, Any]:
        """What the person has before them: the stack of modals, bottom first, and the Home tab."""
        home = self.views.home(user)
        return {"stack": [view.shown() for view in self.views.stack(user)], "home": home.shown() if home else None}

    def tell_screen(self, user: str) -> None:
        """Tell the page that the person's screen changed."""
        self.hub.publish("view", self.screen(user), to=[user])

    async def close(self) -> None:
        """End everything that is open."""
        self.hub.close()
        await self.courier.close()
        await self.sockets.close()
        await self.http.close()
