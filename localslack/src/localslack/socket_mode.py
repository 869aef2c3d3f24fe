"""Slack's side of Socket Mode (docs.slack.dev: using-socket-mode): hello, envelopes, acks, disconnects, and trouble."""

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from localslack.delivery import ANSWERABLE, Ack, Delivery
from localslack.limits import LIMITS
from localslack.stream import Hub

Json = dict[str, Any]
MAX_CONNECTIONS = int(LIMITS["socket_mode"]["max_connections"])
_ENVELOPES = {"slash_commands": "slash_commands", "event_callback": "events_api"}
_REASONS = {"refresh": "refresh_requested", "warning": "warning", "link_disabled": "link_disabled"}
# The seconds between the disconnect message and the end of the connection. Only the warning comes long before the end.
_SECONDS_LEFT = {
    "refresh": 0.2,
    "warning": float(LIMITS["socket_mode"]["warning_before_disconnect_seconds"]),
    "link_disabled": 0.0,
}
TROUBLE = frozenset({*_REASONS, "close", "fin", "mute", "unmute", "no_pong"})


@dataclass(eq=False)
class _Connection:
    number: int
    socket: web.WebSocketResponse
    request: web.Request
    retiring: bool = False  # Slack has told the app to disconnect
    muted: bool = False  # all messages in both directions are lost
    no_pong: bool = False


class Sockets:
    """One app's connections. Each payload goes to one of them, chosen at random."""

    def __init__(self, app_id: str, hub: Hub) -> None:
        self._app_id = app_id
        self._hub = hub
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._waiting: dict[str, asyncio.Future[Ack]] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._count = 0

    def ticket(self) -> str:
        """A ticket for the URL that apps.connections.open gives. It works for one connection."""
        made = f"{uuid4()}-{secrets.token_hex(4)}"
        self._tickets.add(made)
        return made

    def shown(self) -> list[Json]:
        """The open connections."""
        return [
            {"number": one.number, "retiring": one.retiring, "muted": one.muted, "no_pong": one.no_pong}
            for one in self._connections
        ]

    async def send(self, delivery: Delivery, deadline: float) -> Ack:
        """Send an envelope over one connection and wait for its ack, which may come over another."""
        ready = [one for one in self._connections if not one.retiring] or self._connections
        if not ready:
            return Ack(error="dispatch_failed")
        envelope = _envelope(delivery)
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = future
        try:
            await self._send(secrets.choice(ready), envelope)
            async with asyncio.timeout(deadline):
                return await future
        except TimeoutError:
            return Ack(error="operation_timeout")
        finally:
            del self._waiting[envelope["envelope_id"]]

    def take(self, ticket: str) -> bool:
        """Use up a ticket. False if it isn't one of this app's, or was used before."""
        known = ticket in self._tickets
        self._tickets.discard(ticket)
        return known

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One WebSocket from its hello to its end."""
        socket = web.WebSocketResponse(autoping=False, max_msg_size=4_000_000)
        await socket.prepare(request)
        self._count += 1
        connection = _Connection(self._count, socket, request)
        if len(self._connections) >= MAX_CONNECTIONS:
            await self._disconnect(connection, "too_many_websockets")
            await socket.close()
            return socket
        self._connections.append(connection)
        await self._send(connection, _hello(self._app_id, len(self._connections)))
        self._hub.publish("config", {"connected": len(self._connections)})
        try:
            await self._listen(connection)
        finally:
            self._connections.remove(connection)
            self._hub.publish("config", {"connected": len(self._connections)})
        return socket

    async def trouble(self, what: str) -> None:
        """Disturb all connections. `what` is one of TROUBLE."""
        for connection in list(self._connections):
            if what in _REASONS:
                await self._disconnect(connection, _REASONS[what])
                ending = asyncio.create_task(_end(connection, _SECONDS_LEFT[what]))
                self._endings.add(ending)
                ending.add_done_callback(self._endings.discard)
            elif what == "close":
                await connection.socket.close()
            elif what == "fin":
                _cut(connection)
            elif what == "no_pong":
                connection.no_pong = True
            else:
                connection.muted = what == "mute"

    async def close(self) -> None:
        """Close all connections."""
        for ending in self._endings:
            ending.cancel()
        for connection in list(self._connections):
            await connection.socket.close()

    async def _disconnect(self, connection: _Connection, reason: str) -> None:
        message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local"}}
        await self._send(connection, message)
        connection.retiring = True

    async def _send(self, connection: _Connection, message: Json) -> None:
        if not connection.muted:
            # When the peer has just gone, the frame is lost, as on the real network.
            with contextlib.suppress(ConnectionResetError):
                await connection.socket.send_str(json.dumps(message))

    async def _listen(self, connection: _Connection) -> None:
        async for message in connection.socket:
            if connection.muted:
                continue
            if message.type is WSMsgType.PING and not connection.no_pong:
                await connection.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._acknowledge(message.data)

    def _acknowledge(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return  # not JSON: Slack ignores everything but acks
        envelope_id = message.get("envelope_id") if isinstance(message, dict) else None
        future = self._waiting.get(envelope_id) if isinstance(envelope_id, str) else None
        if future is not None and not future.done():
            # Slack's own Node client sends `{}` for an empty payload.
            future.set_result(Ack(status=200, body=message.get("payload") or None))


def _envelope(delivery: Delivery) -> Json:
    envelope = {
        "envelope_id": str(uuid4()),
        "payload": delivery.payload,
        "type": _ENVELOPES.get(delivery.kind, "interactive"),
        "accepts_response_payload": delivery.kind in ANSWERABLE,
    }
    if delivery.kind == "event_callback":
        reason = "timeout" if delivery.retry else ""
        envelope |= {"retry_attempt": delivery.retry, "retry_reason": reason}
    return envelope


def _hello(app_id: str, connections: int) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "debug_info": {"host": "applink-local", "build_number": 1, "approximate_connection_time": 18060},
        "connection_info": {"app_id": app_id},
    }


async def _end(connection: _Connection, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await connection.socket.close()


def _cut(connection: _Connection) -> None:
    """End the TCP connection without a WebSocket CLOSE frame."""
    if connection.request.transport is not None:
        connection.request.transport.close()
