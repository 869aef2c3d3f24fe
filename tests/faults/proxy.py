"""A TCP proxy on loopback that can do what networks do: refuse, swallow, stall, lose replies, cut."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar

T = TypeVar("T")
HOST = "127.0.0.1"
CHUNK = 65_536
PATIENCE = 10.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends a reset


class Proxy:
    """Between our processes and one service; a context manager. Its methods may be called from any thread."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self.port = 0  # known once it is entered
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._there, self._back = asyncio.Event(), asyncio.Event()  # open gates
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._there.set()
        self._back.set()
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def refuse(self) -> None:
        """Connections are refused, and those there are end."""
        self._do(self._stop_listening())
        self.cut()

    def hold(self, *, there: bool = True, back: bool = True) -> None:
        """Bytes that way go nowhere until `mend`; connections are accepted all the same."""
        for gate, shut in ((self._there, there), (self._back, back)):
            if shut:
                self._loop.call_soon_threadsafe(gate.clear)

    def cut(self) -> None:
        """Every connection ends with a reset; what was held is lost."""
        self._do(self._cut())

    def mend(self) -> None:
        """As good as new; what was held goes on."""
        self._loop.call_soon_threadsafe(self._there.set)
        self._loop.call_soon_threadsafe(self._back.set)
        self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _cut(self) -> None:
        for writer in self._open:
            with suppress(OSError):  # it has just been closed
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    async def _end(self) -> None:
        await self._stop_listening()
        self._there.set()
        self._back.set()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._cut()
            await asyncio.wait(others, timeout=0.1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        service: asyncio.StreamWriter | None = None
        try:
            await self._there.wait()
            answers, service = await asyncio.open_connection(*self._target)
            self._open.add(service)
            await asyncio.gather(_pump(reader, service, self._there), _pump(answers, writer, self._back))
        except OSError:
            writer.transport.abort()
        finally:
            for one in (writer, service):
                if one is not None:
                    self._open.discard(one)
                    one.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            await gate.wait()
            if writer.is_closing():
                return
            writer.write(data)
            await writer.drain()
    await gate.wait()
    writer.close()
