"""A TCP proxy on loopback that fails as networks do: it refuses and cuts connections, holds bytes back, and loses replies."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar

T = TypeVar("T")
HOST = "127.0.0.1"
CHUNK = 65_536
PATIENCE = 10.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends a reset


class Proxy:
    """A proxy between our processes and one service; a context manager. Any thread may call its methods."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self.port = 0  # it has its value once the context is entered
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._there, self._back = asyncio.Event(), asyncio.Event()  # set: bytes pass in that direction
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._fatal: tuple[bytes, ...] = ()

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
        """New connections are refused, and existing ones end."""
        self._do(self._stop_listening())
        self.cut()

    def hold(self, *, there: bool = True, back: bool = True) -> None:
        """Bytes in that direction wait until `mend`. Connections are still accepted."""
        for gate, shut in ((self._there, there), (self._back, back)):
            if shut:
                self._loop.call_soon_threadsafe(gate.clear)

    def lose_answer(self, *to: bytes) -> None:
        """Until `mend`, a connection over which these texts went in order ends before the answer to the last one."""
        self._fatal = to

    def cut(self) -> None:
        """Every connection ends with a reset. Bytes that were held are lost."""
        self._do(self._cut())

    def mend(self) -> None:
        """Everything works again. Bytes that were held are passed on."""
        self._fatal = ()
        self._loop.call_soon_threadsafe(self._there.set)
        self._loop.call_soon_threadsafe(self._back.set)
        self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port))
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]
            self._loop.add_reader(self._listener, self._accept, self._listener)

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        """Replaces `asyncio.start_server`: in Python 3.11, that leaves connections open which arrive while it is being closed."""
        with suppress(OSError):  # the client has already closed the connection
            connection, _ = listener.accept()
            connection.setblocking(False)
            serving = self._loop.create_task(self._serve(connection))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)

    async def _cut(self) -> None:
        for writer in self._open:
            with suppress(OSError):  # the listener has just been closed
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    async def _end(self) -> None:
        await self._stop_listening()
        self._there.set()
        self._back.set()
        while self._serving:
            await self._cut()
            await asyncio.wait(self._serving, timeout=0.1)

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        self._open.add(writer)
        service: asyncio.StreamWriter | None = None
        try:
            if self._listener is None:
                raise ConnectionAbortedError("refused since it came")
            await self._there.wait()
            answers, service = await asyncio.open_connection(*self._target)
            self._open.add(service)
            is_lost, gone = False, 0  # whether the next answer is lost; how many of the fatal texts have come

            def goes_there(data: bytes) -> bool:
                nonlocal is_lost, gone
                gone = gone + (self._fatal[gone] in data) if gone < len(self._fatal) else 0
                is_lost = is_lost or 0 < gone == len(self._fatal)
                return True

            await asyncio.gather(
                _pump(reader, service, self._there, goes_there),
                _pump(answers, writer, self._back, lambda _: not is_lost),
            )
        except OSError:
            writer.transport.abort()
        finally:
            ours = [one for one in (writer, service) if one is not None]
            for one in ours:
                one.close()
            for one in ours:
                with suppress(OSError):
                    await one.wait_closed()  # unread bytes keep it open until it is cut
                self._open.discard(one)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event, passes: Callable[[bytes], bool]
) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            await gate.wait()
            if writer.is_closing():
                return
            if not passes(data):
                break
            writer.write(data)
            await writer.drain()
    await gate.wait()
    writer.close()
