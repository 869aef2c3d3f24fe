"""Live updates: server-sent events for the page, and a call for observers in the same process."""

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PING_SECONDS = 15.0


@dataclass(eq=False)
class _Listener:
    team: str
    user: str
    queue: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)


class Hub:
    """Passes each event on to the people whom it concerns."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self.observers: list[Callable[[], None]] = []

    def publish(self, event: str, data: Any, *, team: str | None = None, to: Collection[str] | None = None) -> None:
        """Send an event to everybody, to the people of the workspace `team`, or only to those of them in `to`."""
        listeners = [one for one in self._listeners if team in (None, one.team) and (to is None or one.user in to)]
        if listeners:
            frame = _frame(event, data)
            for listener in listeners:
                listener.queue.put_nowait(frame)
        self.stir()

    def stir(self) -> None:
        """Call the observers, who wait for something to change."""
        for observer in self.observers:
            observer()

    def close(self) -> None:
        """End all streams."""
        for listener in self._listeners:
            listener.queue.put_nowait(None)

    async def serve(self, request: web.Request, team: str, user: str) -> web.StreamResponse:
        """Stream the events that concern this person until the browser goes away."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        listener = _Listener(team, user)
        self._listeners.add(listener)
        try:
            await response.write(_frame("hello", {"user": user}))
            await _pump(listener, response)
        except ConnectionResetError:
            return response  # the browser closed the page
        finally:
            self._listeners.discard(listener)
        return response


async def _pump(listener: _Listener, response: web.StreamResponse) -> None:
    while True:
        try:
            item = await asyncio.wait_for(listener.queue.get(), PING_SECONDS)
        except TimeoutError:
            item = b": ping\n\n"
        if item is None:
            return
        await response.write(item)


def _frame(event: str, data: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
