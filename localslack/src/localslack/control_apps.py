"""The control API for workspaces and apps: add workspaces, add apps, install and configure them."""

from typing import Any

from aiohttp import web

from localslack import farewell, manifest
from localslack.access import Refused, find_installation, find_workspace
from localslack.apps import App
from localslack.config import AppSettings, BadConfig, Grant, Settings, apply, public
from localslack.control import act, look
from localslack.ids import Bot, new_id
from localslack.members import Team
from localslack.slack import Slack, Taken
from localslack.workspace import Installation

Json = dict[str, Any]


class Apps:
    """The routes under /control/ for workspaces, apps and installations."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    def routes(self) -> list[web.RouteDef]:
        """The routes for aiohttp."""
        return [
            web.post("/control/workspaces", act(self._add_workspace, "id")),
            web.post("/control/apps", act(self._add_app, "id")),
            web.post("/control/installations", act(self._install, "app", "team")),
            web.get("/control/installations", look(self._installations)),
            web.post("/control/uninstall", act(self._uninstall)),
            web.post("/control/revoke", act(self._revoke)),
            web.post("/control/manifest", act(self._use_manifest, "manifest")),
            web.get("/control/config", look(self._config)),
            web.post("/control/config", act(self._configure)),
        ]

    async def _add_workspace(self, body: Json) -> Json:
        """Add a workspace with the seed's people and channels. `name` and `domain` may be left out."""
        given = {"name": body["id"], "domain": body["id"].lower()} | body
        try:
            self._slack.add_workspace(Team(**given))
        except (TypeError, Taken) as error:
            raise Refused(str(error)) from error
        self._tell()
        return {"team": given}

    async def _add_app(self, body: Json) -> Json:
        """Add an app. The body may have its `name` and any of its settings, secrets included."""
        app_id = body.pop("id")
        name = body.pop("name", app_id)
        settings = AppSettings(app_token=f"xapp-{app_id}", signing_secret=f"secret-{app_id}")
        _apply(body, settings)
        try:
            self._slack.add_app(app_id, name, settings)
        except Taken as error:
            raise Refused(str(error)) from error
        return {"app": {"id": app_id, "name": name} | _secrets(settings)}

    async def _install(self, body: Json) -> Json:
        """Install `app` in `team`, for the first time or again. The bot becomes a member of `channels`."""
        workspace = find_workspace(self._slack, {"team": body.pop("team")})
        app = self._app(body.pop("app"))
        channels = body.pop("channels", [])
        if unknown := set(channels) - set(workspace.conversations):
            raise Refused(f"channel_not_found: {min(unknown)}")
        bot = Bot(
            team_id=workspace.team.id,
            app_id=app.id,
            user_id=body.pop("bot_user_id", None) or new_id("U"),
            bot_id=body.pop("bot_id", None) or new_id("B"),
            name=app.name,
        )
        name = body.pop("bot_name", app.name.lower())
        grant = Grant(bot_token=f"xoxb-{workspace.team.id}-{app.id}")
        _apply(body, grant)
        try:
            made = self._slack.install(app, workspace, grant, bot, name)
        except Taken as error:
            raise Refused(str(error)) from error
        for channel in channels:
            conversation = workspace.conversations[channel]
            if made.bot.user_id not in conversation.members:
                conversation.members.append(made.bot.user_id)
            workspace.tell_channel(conversation)
        self._tell()
        return {"installation": _shown(made)}

    async def _uninstall(self, body: Json) -> Json:
        """Somebody removes the app from the workspace. `POST installations` installs it again."""
        farewell.uninstall(self._slack, find_installation(self._slack, body))
        self._tell()
        return {}

    async def _revoke(self, body: Json) -> Json:
        """Somebody revokes the app's bot token."""
        farewell.revoke(self._slack, find_installation(self._slack, body))
        return {}

    async def _use_manifest(self, body: Json) -> Json:
        """Make the app what its `manifest` says, and install it `without` some of its optional scopes."""
        try:
            changes = manifest.settings_of(body.pop("manifest"), body.pop("without", []))
        except manifest.BadManifest as error:
            raise Refused(str(error)) from error
        return await self._configure(body | changes)

    async def _installations(self, _query: Json) -> Json:
        return {"installations": [_shown(one) for one in self._slack.installations()]}

    async def _config(self, query: Json) -> Json:
        return {"config": public(*self._settings(query))}

    async def _configure(self, body: Json) -> Json:
        settings = self._settings({name: body.pop(name) for name in ("team", "app") if name in body})
        _apply(body, *settings)
        shown = public(*settings)
        self._slack.shared.hub.publish("config", shown)
        return {"config": shown}

    def _settings(self, asked: Json) -> tuple[Settings, ...]:
        installation = find_installation(self._slack, asked)
        return self._slack.settings_of(installation.app, installation)

    def _app(self, app_id: Any) -> App:
        if app_id not in self._slack.apps:
            raise Refused("app_not_found", 404)
        return self._slack.apps[app_id]

    def _tell(self) -> None:
        self._slack.shared.hub.publish("config", {})


def _apply(changes: Json, *settings: Settings) -> None:
    try:
        apply(changes, *settings)
    except BadConfig as error:
        raise Refused(str(error)) from error


def _secrets(settings: AppSettings) -> Json:
    return {"app_token": settings.app_token, "signing_secret": settings.signing_secret}


def _shown(one: Installation) -> Json:
    """The ids and secrets that a program needs to act as this app in this workspace."""
    return {
        "team": one.bot.team_id,
        "app": one.bot.app_id,
        "bot_user_id": one.bot.user_id,
        "bot_id": one.bot.bot_id,
        "bot_token": one.grant.bot_token,
        **_secrets(one.app.settings),
    }
