"""An app as its developer made it, and the two ways to reach it."""

from dataclasses import dataclass

from localslack.config import AppSettings
from localslack.delivery import Port
from localslack.http_mode import HttpPort
from localslack.rates import Rates
from localslack.socket_mode import Sockets


@dataclass(kw_only=True, eq=False)
class App:
    """One app. It may be installed in several workspaces."""

    id: str
    name: str
    settings: AppSettings
    sockets: Sockets
    http: HttpPort
    rates: Rates  # of calls with the app-level token

    @property
    def port(self) -> Port:
        """The way to the app in the mode of its settings: an app uses Socket Mode or HTTP, never both."""
        return self.sockets if self.settings.mode == "socket" else self.http

    @property
    def connected(self) -> int:
        """The number of open sockets. With HTTP: 1 if the app has a request URL, else 0."""
        return len(self.sockets.shown()) if self.settings.mode == "socket" else int(bool(self.settings.http_url))

    def declares(self, command: str) -> bool:
        """Whether the slash command is one of the app's."""
        return any(one["command"] == command for one in self.settings.commands)

    async def close(self) -> None:
        """End all its connections."""
        await self.sockets.close()
        await self.http.close()
