"""The local Slack for tests: the real server in a background thread, and people who use it."""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from bot.localslack.config import Config
from bot.localslack.escape import unescape
from bot.localslack.server import start
from bot.localslack.slack import Slack

Json = dict[str, Any]
T = TypeVar("T")
_HOST = "127.0.0.1"
_TIMEOUT = 30.0
# A condition may look at something besides Slack (a database, a process), of whose changes nobody tells us.
_LOOK_AGAIN = 0.1


class LocalSlack:
    """A workspace on a free port. Synchronous; use as a context manager, or start and stop.

    Settings are those of `POST /control/config`; bot_token, app_token and signing_secret may be given here too.
    """

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._changed = threading.Condition()
        self._changes = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-slack", daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self._runner, self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(_TIMEOUT)

    def stop(self) -> None:
        """Stop listening and end the thread."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(_TIMEOUT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_TIMEOUT)
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

    def person(self, user: str) -> "Person":
        """Somebody who uses Slack."""
        return Person(self, user)

    def control(self, path: str, **body: Any) -> Json:
        """POST to the control API; the answer as it is, errors included."""
        return self.request("POST", path, body)

    def look(self, path: str, **query: Any) -> Json:
        """GET from the control API."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.request("GET", f"{path}?{urllib.parse.urlencode(given)}")

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
        streams = [_OPENER.open(f"{self.url}/control/stream?user={user}", timeout=_TIMEOUT) for user in users]
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
                thread.join(_TIMEOUT)
                stream.close()

    def request(self, method: str, path: str, body: Json | None = None) -> Json:
        """Any request to the control API."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/control/{path}"
        try:
            with _OPENER.open(urllib.request.Request(url, data, headers, method=method), timeout=_TIMEOUT) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return dict(json.load(error))

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

    def _note(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()


# No proxy of the environment between the tests and this computer's own port.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Person:
    """What one person does and sees. Answers are those of the control API."""

    def __init__(self, slack: LocalSlack, user: str) -> None:
        self._slack = slack
        self.id = user

    def types(self, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Type a message or a slash command and press Enter."""
        more = {"thread_ts": thread_ts} if thread_ts else {}
        return self._do("type", channel=channel, text=text, **more)

    def modal(self) -> Json | None:
        """The modal on top, with what is typed in it under `state`."""
        stack = self.stack()
        return stack[-1] if stack else None

    def stack(self) -> list[Json]:
        """All open modals, bottom first."""
        return list(self._slack.look("views", user=self.id)["stack"])

    def home(self) -> Json | None:
        """The app's Home tab."""
        home: Json | None = self._slack.look("views", user=self.id)["home"]
        return home

    def suggests(self, block_id: str, action_id: str | None = None, value: str = "") -> Json:
        """Open a menu, or type into it: `options`, `option_groups`, or why there are none."""
        return self._in_modal("suggest", block_id, action_id, value=value)

    def labels(self, block_id: str, action_id: str | None = None, value: str = "") -> list[str]:
        """The labels that the menu shows, as one reads them."""
        answer = self.suggests(block_id, action_id, value)
        assert answer["ok"], answer
        return [unescape(option["text"]["text"]) for option in options_in(answer)]

    def picks(self, block_id: str, action_id: str | None, query: str, label_or_value: str) -> Json:
        """Look for an option and pick the one with this label or value."""
        answer = self.suggests(block_id, action_id, query)
        assert answer["ok"], answer
        for option in options_in(answer):
            if label_or_value in (unescape(option["text"]["text"]), option["value"]):
                return self._in_modal("input", block_id, action_id, selected_option=option)
        raise AssertionError(f"{label_or_value!r} is not offered for {query!r}: {answer}")

    def fills(self, block_id: str, action_id: str | None, text: str | None, *, enter: bool = False) -> Json:
        """Type into an input of the modal; `block_id` may be the start of one."""
        return self._in_modal("input", block_id, action_id, value=text, enter=enter)

    def sets(self, block_id: str, action_id: str | None = None, **state: Any) -> Json:
        """Give an element of the modal a value under its key in state: selected_option, selected_date, …"""
        return self._in_modal("input", block_id, action_id, **state)

    def clicks(self, block_id: str, action_id: str | None = None, value: str | None = None) -> Json:
        """Press a button, or pick from a menu outside input blocks, in the modal."""
        return self._in_modal("click", block_id, action_id, **({"value": value} if value else {}))

    def clicks_in(self, channel: str, ts: str, action_id: str, value: str | None = None) -> Json:
        """The same in a message."""
        more = {"value": value} if value else {}
        block_id = self._block_of(channel, ts, action_id)
        return self._do("click", channel=channel, ts=ts, block_id=block_id, action_id=action_id, **more)

    def submits(self, view_id: str | None = None) -> Json:
        """Press the modal's submit button."""
        return self._do("submit", view_id=view_id or self._top()["id"])

    def closes(self, *, everything: bool = False) -> Json:
        """Press Cancel, or the X that closes the whole stack."""
        return self._do("close", view_id=self._top()["id"], all=everything)

    def opens_home(self, tab: str = "home") -> Json:
        """Look at the app's Home tab."""
        return self._do("home", tab=tab)

    def dm(self, other: str = "U0BOT") -> str:
        """The direct message with the bot, or with somebody."""
        return str(self._do("dm", **{"with": other})["channel"]["id"])

    def messages(self, channel: str) -> list[Json]:
        """What the channel shows, oldest first, without threads and ephemeral messages."""
        return [one for one in self._seen(channel) if not one.get("is_ephemeral")]

    def ephemerals(self, channel: str) -> list[Json]:
        """What only this person sees in the channel."""
        return [one for one in self._seen(channel) if one.get("is_ephemeral")]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """The replies to a message, oldest first."""
        return [one for one in self._seen(channel, ts) if one["ts"] != ts]

    def _seen(self, channel: str, thread_ts: str | None = None) -> list[Json]:
        answer = self._slack.look("messages", user=self.id, channel=channel, thread_ts=thread_ts)
        assert answer["ok"], answer
        return list(answer["messages"])

    def _do(self, what: str, **body: Any) -> Json:
        return self._slack.control(what, user=self.id, **body)

    def _top(self) -> Json:
        modal = self.modal()
        assert modal is not None, f"{self.id} has no modal open"
        return modal

    def _in_modal(self, what: str, block_id: str, action_id: str | None, **body: Any) -> Json:
        modal = self._top()
        block, element = element_in(modal["blocks"], block_id, action_id)
        return self._do(what, view_id=modal["id"], block_id=block["block_id"], action_id=element["action_id"], **body)

    def _block_of(self, channel: str, ts: str, action_id: str) -> str:
        message = next(one for one in self._seen(channel, ts) if one["ts"] == ts)
        for block in message.get("blocks", []):
            if any(element.get("action_id") == action_id for element in elements_in(block)):
                return str(block["block_id"])
        raise AssertionError(f"no element {action_id!r} in {message}")


def options_in(answer: Json) -> list[Json]:
    """All options of an answer to a suggestion, groups included."""
    groups = answer.get("option_groups", [])
    return [*answer.get("options", []), *(option for group in groups for option in group["options"])]


def elements_in(block: Json) -> list[Json]:
    """A block's interactive elements."""
    return [one for one in [block.get("element"), block.get("accessory"), *block.get("elements", [])] if one]


def element_in(blocks: list[Json], block_id: str, action_id: str | None = None) -> tuple[Json, Json]:
    """The block whose id is, or else begins with, `block_id`, and its element (the first one without `action_id`)."""
    exact = [block for block in blocks if block["block_id"] == block_id]
    for block in exact or [block for block in blocks if block["block_id"].startswith(block_id)]:
        for element in elements_in(block):
            if action_id in (None, element.get("action_id")):
                return block, element
    raise AssertionError(f"no element {block_id!r}/{action_id!r} in {[block['block_id'] for block in blocks]}")
