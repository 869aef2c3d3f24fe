"""Keeps workspaces and apps in a JSON file: read at the start, written a moment after each change."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from localslack.config import AppSettings, Grant
from localslack.ids import Bot
from localslack.members import Team
from localslack.slack import Slack, Taken

Json = dict[str, Any]
_WAIT_SECONDS = 0.5


class BadState(Exception):
    """The file is not a state file. The message names it."""


class StateFile:
    """The file of one local Slack."""

    def __init__(self, slack: Slack, path: Path) -> None:
        self._slack = slack
        self._path = path
        self._pending: asyncio.TimerHandle | None = None

    def load(self) -> None:
        """Read the file if it exists, and write it from now on. Raises BadState."""
        if self._path.exists():
            try:
                _load(self._slack, json.loads(self._path.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError, AttributeError, Taken) as error:
                raise BadState(f"{self._path} is not a state file of the local Slack; move it away.") from error
        self._slack.shared.hub.observers.append(self._soon)

    def save(self) -> None:
        """Write a new file, which then replaces the old one. If writing fails, the old file is whole."""
        self._pending = None
        new = self._path.with_name(self._path.name + ".new")
        new.write_text(json.dumps(_dump(self._slack)), encoding="utf-8")
        new.replace(self._path)

    def _soon(self) -> None:
        if self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(_WAIT_SECONDS, self.save)


def _dump(slack: Slack) -> Json:
    """Workspaces, apps and installations.

    The first app's settings, and the token and scopes of its first installation, are left out: at each start, they come
    from the command line or are the default.
    """
    first = slack.first
    return {
        "workspaces": [one.dump() for one in slack.workspaces.values()],
        "apps": [
            {"id": one.id, "name": one.name, "settings": asdict(one.settings)}
            for one in slack.apps.values()
            if one is not first.app
        ],
        "installations": [
            {
                "bot": asdict(one.bot),
                "name": one.workspace.people[one.bot.user_id].name,
                "grant": asdict(one.grant),
                "is_removed": one.is_removed,
            }
            for one in slack.installations()
            if one is not first
        ],
        "dead_tokens": {token: code for token, code in slack.dead_tokens.items() if token != first.grant.bot_token},
    }


def _load(slack: Slack, saved: Json) -> None:
    if "workspaces" not in saved:  # from an older version, which had only one workspace
        slack.first.workspace.load(saved)
        return
    for one in saved["workspaces"]:
        known = slack.workspaces.get(one["team"]["id"])
        (known or slack.add_workspace(Team(**one["team"]))).load(one)
    for one in saved["apps"]:
        slack.add_app(one["id"], one["name"], AppSettings(**one["settings"]))
    for one in saved["installations"]:
        bot = Bot(**one["bot"])
        app, workspace = slack.apps[bot.app_id], slack.workspaces[bot.team_id]
        made = slack.install(app, workspace, Grant(**one["grant"]), bot, one["name"])
        made.is_removed = one.get("is_removed", False)  # files of older versions lack it
    slack.dead_tokens.update(saved.get("dead_tokens", {}))
