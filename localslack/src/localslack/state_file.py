"""Keeps people, channels and messages in a JSON file: read at the start, written a moment after each change."""

import asyncio
import json
from pathlib import Path

from localslack.slack import Slack

_WAIT_SECONDS = 0.5


class BadState(Exception):
    """The file is not one of ours; the message names it."""


class StateFile:
    """One workspace's file."""

    def __init__(self, slack: Slack, path: Path) -> None:
        self._slack = slack
        self._path = path
        self._pending: asyncio.TimerHandle | None = None

    def load(self) -> None:
        """Read the file if there is one, and write it from now on. Raises BadState."""
        if self._path.exists():
            try:
                self._slack.workspace.load(json.loads(self._path.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError) as error:
                raise BadState(f"{self._path} is not a state file of the local Slack; move it away.") from error
        self._slack.hub.observers.append(self._soon)

    def save(self) -> None:
        """Write everything, so that the file is never half written."""
        self._pending = None
        beside = self._path.with_name(self._path.name + ".new")
        beside.write_text(json.dumps(self._slack.workspace.dump()), encoding="utf-8")
        beside.replace(self._path)

    def _soon(self) -> None:
        if self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(_WAIT_SECONDS, self.save)
