"""The local Slack for tests: the real server in a background thread."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from localslack.config import public
from localslack.server import start
from localslack.slack import Slack
from localslack.testing.control import OPENER, TIMEOUT, Control, Json
from localslack.testing.installation import Installation
from localslack.testing.person import Person

T = TypeVar("T")
_HOST = "127.0.0.1"
# A condition may look at something besides Slack, for example a database. Nobody reports its changes.
_LOOK_AGAIN_SECONDS = 0.1


class LocalSlack(Control):
    """A local Slack on a free port. Use it as a context manager, or call start and stop.

    `settings` are those of `POST /control/config`, for example bot_token, app_token, signing_secret, scopes.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self._settings = settings
        self._changed = threading.Condition()
        self._changes = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-slack", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self._runner, self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(TIMEOUT)

    def stop(self) -> None:
        """Stop listening and end the thread."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(TIMEOUT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT)
        self._loop.close()

    @property
    def api_url(self) -> str:
        """The address for SLACK_API_URL and `WebClient(base_url=…)`."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """The first app's bot token, for SLACK_BOT_TOKEN."""
        return self._slack.first.grant.bot_token

    @property
    def app_token(self) -> str:
        """The first app's app-level token, for SLACK_APP_TOKEN."""
        return self._slack.first.app.settings.app_token

    @property
    def signing_secret(self) -> str:
        """The first app's signing secret, for SLACK_SIGNING_SECRET."""
        return self._slack.first.app.settings.signing_secret

    def reset(self) -> None:
        """Go back to one workspace without messages, one app and the first settings. That app's sockets stay open."""
        self.control("reset")
        self.control("config", **self._first_config)

    def person(self, user: str, team: str | None = None) -> Person:
        """Somebody who uses Slack, in the first workspace or another one."""
        return Person(self, user, team)

    def config(self, **settings: Any) -> Json:
        """Change the settings of `team` and `app` until the next reset."""
        return self.done("config", **settings)

    def use_manifest(self, manifest: Json, *, without: Collection[str] = (), **whose: str) -> Json:
        """Until the next reset, the app is what its manifest says, and lacks the optional scopes in `without`."""
        return self.done("manifest", manifest=manifest, without=list(without), **whose)

    def uninstall(self, team: str | None = None, app: str | None = None) -> None:
        """Somebody removes the app. It gets events, and calls with its token get `account_inactive`."""
        self.done("uninstall", team=team, app=app)

    def revoke(self, team: str | None = None, app: str | None = None) -> None:
        """Somebody revokes the app's bot token. The app gets an event, and calls with the token get `token_revoked`."""
        self.done("revoke", team=team, app=app)

    def add_workspace(self, team: str, **names: str) -> None:
        """Add a workspace with the same people and channels as the first, but without an app."""
        self.done("workspaces", id=team, **names)

    def add_app(self, app: str, **settings: Any) -> None:
        """Add an app that is not installed yet. `settings`: name, app_token, commands, mode, http_url, …"""
        self.done("apps", id=app, **settings)

    def install(self, app: str, team: str, *, channels: Collection[str] = (), **grant: Any) -> Installation:
        """Install an app in a workspace. Its bot joins `channels`."""
        made = self.done("installations", app=app, team=team, channels=list(channels), **grant)["installation"]
        return Installation(**made)

    def fault(self, kind: str, **details: Any) -> None:
        """Plan a fault."""
        self.done("faults", kind=kind, **details)

    def clear_faults(self) -> None:
        """Cancel all planned faults."""
        self.request("DELETE", "faults")

    def trouble(self, what: str, app: str | None = None) -> None:
        """Disturb an app's sockets: refresh, warning, close, fin, mute, unmute, no_pong, link_disabled."""
        self.done("socket", do=what, app=app)

    def connections(self, app: str | None = None) -> list[Json]:
        """An app's open sockets."""
        return list(self.look("socket", app=app)["connections"])

    def deliver(self, kind: str, payload: Json | None = None, **forged: Any) -> Json:
        """Send any payload to the app, and return its ack `{error, status, body, text}`.

        Over HTTP, these may be forged: body, content_type, secret, timestamp, headers, url.
        """
        return dict(self.control("deliver", type=kind, payload=payload, **forged)["ack"])

    def advance(self, seconds: float) -> None:
        """Move Slack's clock on by this many seconds. Triggers, response_urls and rate limits follow it."""
        self.control("clock", advance=seconds)

    def log(
        self,
        direction: str | None = None,
        name: str | None = None,
        *,
        since: int = 0,
        team: str | None = None,
        app: str | None = None,
    ) -> list[Json]:
        """The log of all calls, deliveries and answers.

        The arguments limit it to one direction (api, delivery, ack, hook), one method or type, one team, one app, and
        to the entries after the number `since`.
        """
        return list(self.look("log", since=since, direction=direction, name=name, team=team, app=app)["entries"])

    def deliveries(self, kind: str, *, team: str | None = None, app: str | None = None) -> list[Json]:
        """The payloads of a kind that apps got: slash_commands, block_actions, view_submission, …"""
        return [entry["request"] for entry in self.log("delivery", kind, team=team, app=app)]

    def calls(self, method: str, *, team: str | None = None, app: str | None = None) -> list[Json]:
        """The arguments of all calls of a Web API method."""
        return [entry["request"] for entry in self.log("api", method, team=team, app=app)]

    def wait_for(self, condition: Callable[[], T | None], timeout: float = 10.0) -> T:
        """The first true value of `condition`. Raises AssertionError after `timeout` seconds.

        `condition` is called whenever something happens in Slack, and every 0.1 s.
        """
        deadline = time.monotonic() + timeout
        while True:
            seen = self._changes
            if value := condition():
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not within {timeout} s; the last entries: {self.log()[-5:]}")
            with self._changed:
                self._changed.wait_for(lambda: self._changes != seen, min(left, _LOOK_AGAIN_SECONDS))  # noqa: B023

    def wait_for_app(self, connections: int = 1, timeout: float = 10.0, app: str | None = None) -> None:
        """Wait until an app is connected over Socket Mode."""
        self.wait_for(lambda: len(self.connections(app)) >= connections, timeout)

    @contextmanager
    def listening(self, *users: str, team: str = "") -> Iterator[Callable[[str, str], list[Json]]]:
        """Listen to these people's streams. Gives `heard(user, event)`: the data of all such events so far."""
        heard: dict[str, list[tuple[str, Json]]] = {user: [] for user in users}
        streams = [self._stream(user, team) for user in users]
        threads = [
            threading.Thread(target=self._listen, args=(stream, heard[user]), daemon=True)
            for user, stream in zip(users, streams, strict=True)
        ]
        for thread in threads:
            thread.start()
        self.wait_for(lambda: all(heard.values()))  # each stream begins with a hello
        try:
            yield lambda user, event: [data for name, data in heard[user] if name == event]
        finally:
            self.control("hang_up")
            for thread, stream in zip(threads, streams, strict=True):
                thread.join(TIMEOUT)
                stream.close()

    def _stream(self, user: str, team: str) -> Any:
        return OPENER.open(f"{self.url}/control/stream?user={user}&team={team}", timeout=TIMEOUT)

    def _listen(self, stream: Any, heard: list[tuple[str, Json]]) -> None:
        event = ""
        for raw in stream:
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                heard.append((event, json.loads(value)))
                self._note()

    async def _start(self) -> tuple[Any, str]:
        self._slack = Slack(self._settings)
        first = self._slack.first
        self._first_config = public(*self._slack.settings_of(first.app, first))
        self._slack.shared.hub.observers.append(self._note)
        runner = await start(self._slack, _HOST, 0)
        return runner, self._slack.shared.base_url

    async def _stop(self) -> None:
        await self._runner.cleanup()
        # Cancel the requests that a fault still delays.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _note(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()
