"""The local Slack for tests: the real server in a background thread, and people who use it."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from localslack.config import Config
from localslack.server import start
from localslack.slack import Slack
from localslack.testing.control import OPENER, TIMEOUT, Control, Json
from localslack.testing.person import Person

__all__ = ["Json", "LocalSlack", "Person"]

T = TypeVar("T")
_HOST = "127.0.0.1"
# A condition may look at something besides Slack (a database, a process), of whose changes nobody tells us.
_LOOK_AGAIN = 0.1


class LocalSlack(Control):
    """A workspace on a free port. Synchronous; use as a context manager, or start and stop.

    Settings are those of `POST /control/config`; bot_token, app_token and signing_secret may be given here too.
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
        """For SLACK_API_URL and `WebClient(base_url=…)`."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """For SLACK_BOT_TOKEN."""
        return self._config.bot_token

    @property
    def app_token(self) -> str:
        """For SLACK_APP_TOKEN."""
        return self._config.app_token

    @property
    def signing_secret(self) -> str:
        """For SLACK_SIGNING_SECRET."""
        return self._config.signing_secret

    def reset(self) -> None:
        """Back to the seed: no messages, views, faults or log; settings as given at first. Sockets stay open."""
        self.control("reset")
        self.control("config", **self._first_config)

    def person(self, user: str) -> Person:
        """Somebody who uses Slack."""
        return Person(self, user)

    def config(self, **settings: Any) -> Json:
        """Change settings until the next reset."""
        answer = self.control("config", **settings)
        assert answer["ok"], answer
        return answer

    def fault(self, kind: str, **details: Any) -> None:
        """Plan a fault."""
        answer = self.control("faults", kind=kind, **details)
        assert answer["ok"], answer

    def clear_faults(self) -> None:
        """Everything works again."""
        self.request("DELETE", "faults")

    def trouble(self, what: str) -> None:
        """Do something to the app's sockets: refresh, warning, close, fin, mute, unmute, no_pong, link_disabled."""
        answer = self.control("socket", do=what)
        assert answer["ok"], answer

    def connections(self) -> list[Json]:
        """The app's open sockets."""
        return list(self.look("socket")["connections"])

    def deliver(self, kind: str, payload: Json | None = None, **forged: Any) -> Json:
        """Send any payload to the app, forged ones too, and give its ack `{error, status, body, text}`.

        Over HTTP also: body, content_type, secret, timestamp, headers, url.
        """
        return dict(self.control("deliver", type=kind, payload=payload, **forged)["ack"])

    def advance(self, seconds: float) -> None:
        """Make triggers, response_urls and rate limits older by so much."""
        self.control("clock", advance=seconds)

    def log(self, direction: str | None = None, name: str | None = None, *, since: int = 0) -> list[Json]:
        """What crossed the wire: of one direction (api, delivery, ack, hook), of one method or type."""
        return list(self.look("log", since=since, direction=direction, name=name)["entries"])

    def deliveries(self, kind: str) -> list[Json]:
        """The payloads of that kind that the app got: slash_commands, block_actions, view_submission, …"""
        return [entry["request"] for entry in self.log("delivery", kind)]

    def calls(self, method: str) -> list[Json]:
        """The arguments of all calls of a Web API method."""
        return [entry["request"] for entry in self.log("api", method)]

    def wait_for(self, condition: Callable[[], T | None], timeout: float = 10.0) -> T:
        """The first true value of `condition`, asked again whenever something happened in Slack."""
        deadline = time.monotonic() + timeout
        while True:
            seen = self._changes
            if value := condition():
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not within {timeout} s; the last entries: {self.log()[-5:]}")
            with self._changed:
                self._changed.wait_for(lambda: self._changes != seen, min(left, _LOOK_AGAIN))  # noqa: B023

    def wait_for_app(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until the app is connected over Socket Mode."""
        self.wait_for(lambda: len(self.connections()) >= connections, timeout)

    @contextmanager
    def listening(self, *users: str) -> Iterator[Callable[[str, str], list[Json]]]:
        """Listen to these people's streams; gives `heard(user, event)`: the data of all such events so far."""
        heard: dict[str, list[tuple[str, Json]]] = {user: [] for user in users}
        streams = [OPENER.open(f"{self.url}/control/stream?user={user}", timeout=TIMEOUT) for user in users]
        threads = [
            threading.Thread(target=self._listen, args=(stream, heard[user]), daemon=True)
            for user, stream in zip(users, streams, strict=True)
        ]
        for thread in threads:
            thread.start()
        self.wait_for(lambda: all(heard.values()))  # each has its hello
        try:
            yield lambda user, event: [data for name, data in heard[user] if name == event]
        finally:
            self.control("hang_up")
            for thread, stream in zip(threads, streams, strict=True):
                thread.join(TIMEOUT)
                stream.close()

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
        self._config = Config(**self._settings)
        self._first_config = self._config.public()
        slack = Slack(self._config)
        slack.hub.observers.append(self._note)
        runner = await start(slack, _HOST, 0)
        return runner, slack.base_url

    async def _stop(self) -> None:
        await self._runner.cleanup()
        # Requests that a fault keeps hanging.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _note(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()
