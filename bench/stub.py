"""A stub of Slack. It answers each call in the same way and after the same time, and remembers when the call came.

The local Slack of the demo would need time to validate each call. The stub tells contestants apart by their tokens
(`xapp-NAME`, `xoxb-NAME`). All times are `time.monotonic()`, which all processes of the machine share.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from bench.setups import APP, TEAM

Json = dict[str, Any]
ACCOUNT = {"is_restricted": False, "deleted": False, "is_bot": False, "profile": {"email": ""}}
UNSHARED = {"channel": {"is_ext_shared": False}}  # the answer of conversations.info for a channel that isn't shared


@dataclass
class Call:
    """A call of the Web API: its time, its caller, and its arguments."""

    at: float
    method: str
    contestant: str
    arguments: Json


@dataclass
class Stub:
    """The stub. `delay`: seconds before each answer of the Web API. `limited`: channels in which each call gets a 429, with the
    seconds of its `Retry-After`.
    """

    delay: float = 0.0
    limited: dict[str, int] = field(default_factory=dict)
    url: str = ""
    _posted: dict[str, list[float]] = field(default_factory=dict)
    _sockets: dict[str, web.WebSocketResponse] = field(default_factory=dict)
    _awaited: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def expect(self, key: str) -> "asyncio.Future[Any]":
        """A future for `key`.

        If `key` is a trigger, a view or a thread, it gets the Call. If it is an envelope, it gets the time and the content of the
        acknowledgement. `connected NAME` and `gone NAME` get the time.
        """
        future = asyncio.get_running_loop().create_future()
        self._awaited[key] = future
        return future

    def number(self) -> int:
        """A number that wasn't used before."""
        return next(self._numbers)

    async def connected(self, contestant: str, seconds: float) -> None:
        """Wait for the contestant's Socket Mode connection. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            if contestant not in self._sockets:
                await self.expect(f"connected {contestant}")

    async def gone(self, contestant: str, seconds: float) -> None:
        """Wait until the contestant's connection has ended. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            if contestant in self._sockets:
                await self.expect(f"gone {contestant}")

    def posting(self, prefix: str) -> list[float]:
        """A list. Each later message to a channel `CPREFIX…` adds its time to it. Refused messages don't."""
        return self._posted.setdefault(prefix, [])

    async def push(self, contestant: str, kind: str, payload: Json) -> tuple[float, float, Json]:
        """Send an envelope. Returns when it was sent, when its acknowledgement came, and the acknowledgement's content."""
        envelope = f"e{self.number()}"
        acknowledged = self.expect(envelope)
        message = {"envelope_id": envelope, "type": kind, "payload": payload, "accepts_response_payload": True}
        text = json.dumps(message)
        sent = time.monotonic()
        await self._sockets[contestant].send_str(text)
        at, body = await acknowledged
        return sent, at, body

    def _settle(self, key: Any, value: Any) -> None:
        future = self._awaited.pop(key, None) if isinstance(key, str) else None
        if future is not None and not future.done():
            future.set_result(value)

    async def _api(self, request: web.Request) -> web.Response:
        at = time.monotonic()
        method = request.match_info["method"]
        contestant = request.headers.get("Authorization", "").partition("-")[2]
        raw = await request.read()
        is_json = raw.startswith(b"{")
        arguments: Json = json.loads(raw) if is_json else dict(parse_qsl(raw.decode()))
        if isinstance(view := arguments.get("view"), str):
            arguments["view"] = json.loads(view)
        call = Call(at, method, contestant, arguments)
        for key in ("trigger_id", "view_id", "thread_ts"):
            self._settle(arguments.get(key), call)
        channel = str(arguments.get("channel", ""))
        seconds = self.limited.get(channel)
        if method == "chat.postMessage" and seconds is None:
            for prefix, moments in self._posted.items():
                if channel.startswith(f"C{prefix}"):
                    moments.append(at)
        if self.delay:
            await asyncio.sleep(self.delay)
        if seconds is not None:
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": f"{seconds}"}
            )
        return web.json_response({"ok": True, **UNSHARED, **self._answer(method, contestant, arguments)})

    def _answer(self, method: str, contestant: str, arguments: Json) -> Json:
        if method == "apps.connections.open":
            return {"url": f"{self.url.replace('http', 'ws')}/link/{contestant}"}
        if method == "users.info":
            return {"user": {"id": arguments.get("user"), "team_id": TEAM, **ACCOUNT}}
        if method.startswith("chat."):
            return {"channel": arguments.get("channel"), "ts": arguments.get("ts") or f"1.{self.number():06}"}
        if method.startswith("views."):
            return {"view": {"id": f"V{self.number()}", "hash": "h"}}
        if method == "bots.info":
            return {"bot": {"id": "B0BOT", "app_id": APP, "user_id": "U0BOT"}}
        return {"team_id": TEAM, "user_id": "U0BOT", "bot_id": "B0BOT", "messages": []}

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        contestant = request.match_info["contestant"]
        socket = web.WebSocketResponse(max_msg_size=4_000_000)
        await socket.prepare(request)
        hello = {"type": "hello", "num_connections": 1, "debug_info": {}, "connection_info": {"app_id": APP}}
        await socket.send_str(json.dumps(hello))
        self._sockets[contestant] = socket
        self._settle(f"connected {contestant}", time.monotonic())
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    at = time.monotonic()
                    body = json.loads(message.data)
                    self._settle(body.get("envelope_id"), (at, body.get("payload") or {}))
        except ConnectionResetError:
            pass  # the connection ended during a ping
        finally:
            if self._sockets.get(contestant) is socket:
                del self._sockets[contestant]
                self._settle(f"gone {contestant}", time.monotonic())
        return socket


@asynccontextmanager
async def running() -> AsyncIterator[Stub]:
    """A stub on a free port of loopback."""
    stub = Stub()
    app = web.Application(client_max_size=4_000_000)
    app.router.add_post("/api/{method}", stub._api)  # noqa: SLF001
    app.router.add_get("/link/{contestant}", stub._link)  # noqa: SLF001
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stub
    finally:
        await runner.cleanup()
