"""The proxy does what it says: otherwise the faults of the services would be none."""

import asyncio
import socket
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress

import pytest

from tests.faults.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    """Says everything back and remembers it."""

    heard: list[bytes] = []

    def handle(self) -> None:
        with suppress(ConnectionResetError):
            while data := self.request.recv(100):
                self.heard.append(data)
                self.request.sendall(data)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    Echo.heard.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with Proxy("127.0.0.1", server.server_address[1]) as made:
            yield made
        server.shutdown()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as made:
        made.sendall(b"one")
        assert made.recv(100) == b"one"
        made.settimeout(0.3)
        yield made


def test_what_is_held_goes_on_when_it_is_mended(proxy: Proxy, client: socket.socket) -> None:
    proxy.hold()
    client.sendall(b"two")
    with pytest.raises(TimeoutError):
        client.recv(100)
    assert Echo.heard == [b"one"]
    proxy.mend()
    client.settimeout(5)
    assert client.recv(100) == b"two"


def test_a_reply_can_be_lost_alone(proxy: Proxy, client: socket.socket) -> None:
    proxy.hold(there=False)
    client.sendall(b"two")
    with pytest.raises(TimeoutError):
        client.recv(100)
    assert Echo.heard == [b"one", b"two"]
    proxy.cut()
    with pytest.raises(ConnectionError):
        client.recv(100)


def test_refusing_ends_what_there_is_and_takes_nothing_new(proxy: Proxy, client: socket.socket) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionError):
        client.recv(100)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    proxy.mend()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as again:
        again.sendall(b"three")
        assert again.recv(100) == b"three"


def test_who_comes_as_it_begins_to_refuse_is_not_left_open(proxy: Proxy) -> None:
    refused: Future[Future[None]] = Future()
    clients = []

    def at_once() -> None:
        """Between two looks of the proxy: somebody waits to be accepted, and it is told to refuse."""
        clients.append(socket.create_connection(("127.0.0.1", proxy.port)))
        refused.set_result(asyncio.run_coroutine_threadsafe(proxy._stop_listening(), proxy._loop))

    proxy._loop.call_soon_threadsafe(at_once)
    refused.result(5).result(5)
    proxy.cut()
    with clients[0] as client, suppress(ConnectionResetError):
        client.settimeout(5)
        assert client.recv(100) == b""


def test_the_answer_to_one_thing_can_be_lost(proxy: Proxy, client: socket.socket) -> None:
    client.settimeout(5)
    proxy.lose_answer(b"INSERT")
    client.sendall(b"two")
    assert client.recv(100) == b"two"
    client.sendall(b"an INSERT")
    assert client.recv(100) == b"", "the connection has ended"
    assert Echo.heard[-1] == b"an INSERT"
