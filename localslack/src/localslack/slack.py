"""All parts of the local Slack: workspaces, apps, and which app is installed where."""

from collections.abc import Iterator, Mapping
from typing import Any

from localslack import seed
from localslack.apps import App
from localslack.config import AppSettings, Grant, Settings, apply
from localslack.http_mode import HttpPort
from localslack.ids import Bot
from localslack.members import SLACKBOT, Person, Team
from localslack.rates import Rates
from localslack.shared import Shared
from localslack.socket_mode import Sockets
from localslack.workspace import Installation, Workspace

Json = dict[str, Any]


class Taken(Exception):
    """Something else has this id or token already. The message is the error code for the control API."""


class Slack:
    """Begins with one workspace and one app. More may be added, and `reset` removes them."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        """`settings` are those of the first app and of the local Slack itself. Raises BadConfig."""
        self.shared = Shared()
        self.workspaces: dict[str, Workspace] = {}
        self.apps: dict[str, App] = {}
        self.dead_tokens: dict[str, str] = {}  # token -> error code of every call with it
        first = AppSettings(
            app_token="xapp-local",  # noqa: S106
            commands=list(seed.COMMANDS),
            shortcuts=list(seed.SHORTCUTS),
            events=list(seed.EVENTS),
        )
        app = self.add_app(seed.BOT.app_id, seed.BOT.name, first)
        self._first_grant = Grant(bot_token="xoxb-local")  # noqa: S106
        self._start_first(app, self._first_grant)
        apply(settings or {}, *self.settings_of(app, self.first))

    @property
    def first(self) -> Installation:
        """The first app in the first workspace."""
        return next(iter(self.workspaces.values())).installations[0]

    def settings_of(self, app: App, installation: Installation) -> tuple[Settings, ...]:
        """The settings of an app, of one of its installations, and of the local Slack itself."""
        return (app.settings, installation.grant, self.shared.switches)

    def installations(self) -> Iterator[Installation]:
        """All installations, workspace by workspace."""
        for workspace in self.workspaces.values():
            yield from workspace.installations

    def add_workspace(self, team: Team) -> Workspace:
        """A workspace with the seed's people and channels, and no app yet. Raises Taken."""
        if team.id in self.workspaces:
            raise Taken("team_taken")
        made = Workspace(team, self.shared, path=f"/{team.id}" if self.workspaces else "")
        made.people, made.conversations = seed.people(team.id), seed.conversations()
        self.workspaces[team.id] = made
        return made

    def add_app(self, app_id: str, name: str, settings: AppSettings) -> App:
        """An app that is not installed anywhere yet. Raises Taken."""
        if app_id in self.apps:
            raise Taken("app_taken")
        if any(one.settings.app_token == settings.app_token for one in self.apps.values()):
            raise Taken("app_token_taken")
        made = App(
            id=app_id,
            name=name,
            settings=settings,
            sockets=Sockets(app_id, self.shared.hub),
            http=HttpPort(settings),
            rates=Rates(self.shared.clock.now),
        )
        self.apps[app_id] = made
        return made

    def install(self, app: App, workspace: Workspace, grant: Grant, bot: Bot, name: str) -> Installation:
        """Install an app. Its bot becomes a member called `name`, and everybody has a direct message with it.

        An app that was removed gets its old bot back. Raises Taken.
        """
        before = workspace.installation(app.id)
        if before is not None and not before.is_removed:
            raise Taken("already_installed")
        if any(one.grant.bot_token == grant.bot_token for one in self.installations() if one is not before):
            raise Taken("bot_token_taken")
        if before is not None:
            self.dead_tokens.pop(grant.bot_token, None)
            before.grant, before.is_removed = grant, False
            return before
        if _is_taken(bot, workspace):
            raise Taken("bot_taken")
        workspace.people[bot.user_id] = Person(
            id=bot.user_id, name=name, real_name=bot.name, team_id=workspace.team.id, is_bot=True
        )
        made = Installation(bot=bot, app=app, workspace=workspace, grant=grant, rates=Rates(self.shared.clock.now))
        workspace.installations.append(made)
        for person in workspace.people.values():
            if not person.is_bot and person.id != SLACKBOT:
                workspace.direct(person.id, bot.user_id)
        return made

    async def reset(self) -> None:
        """Keep only the first app, and install it in a new first workspace. Faults and log are gone, settings stay."""
        first = self.first
        await self.shared.courier.close()
        for app in [one for one in self.apps.values() if one is not first.app]:
            del self.apps[app.id]
            await app.close()
        self.workspaces.clear()
        self.dead_tokens.clear()
        self._start_first(first.app, self._first_grant)
        first.app.rates.clear()
        self.shared.faults.clear()
        self.shared.log.clear()
        self.shared.hub.publish("reset", {})

    async def close(self) -> None:
        """Close all sockets, streams and connections."""
        self.shared.hub.close()
        await self.shared.courier.close()
        for app in self.apps.values():
            await app.close()

    def _start_first(self, app: App, grant: Grant) -> None:
        workspace = self.add_workspace(seed.TEAM)
        self.install(app, workspace, grant, seed.BOT, seed.BOT_NAME)
        for channel in seed.BOT_CHANNELS:
            workspace.conversations[channel].members.append(seed.BOT.user_id)


def _is_taken(bot: Bot, workspace: Workspace) -> bool:
    """Whether a person or another app's bot has one of the ids.

    The people from a state file include bots whose apps are installed only after that.
    """
    person = workspace.people.get(bot.user_id)
    is_persons = person is not None and not person.is_bot
    others = [one.bot for one in workspace.installations]
    return is_persons or any(bot.bot_id == one.bot_id or bot.user_id == one.user_id for one in others)
