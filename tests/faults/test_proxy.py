"""The proxy does what it says. Otherwise the long run would test no faults of services."""

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
    """A server that sends everything back, and remembers it."""

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


def test_held_bytes_arrive_when_the_proxy_is_mended(proxy: Proxy, client: socket.socket) -> None:
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


def test_refusing_ends_all_connections_and_accepts_no_new_one(proxy: Proxy, client: socket.socket) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionError):
        client.recv(100)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    proxy.mend()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as again:
        again.sendall(b"three")
        assert again.recv(100) == b"three"


def test_a_client_that_connects_as_the_proxy_begins_to_refuse_is_closed(proxy: Proxy) -> None:
    refused: Future[Future[None]] = Future()
    clients = []

    def at_once() -> None:
        """Within one step of the proxy's loop: a client waits to be accepted, and the proxy begins to refuse."""
        clients.append(socket.create_connection(("127.0.0.1", proxy.port)))
        refused.set_result(asyncio.run_coroutine_threadsafe(proxy._stop_listening(), proxy._loop))

    proxy._loop.call_soon_threadsafe(at_once)
    refused.result(5).result(5)
    proxy.cut()
    with clients[0] as client, suppress(ConnectionResetError):
        client.settimeout(5)
        assert client.recv(100) == b""


def test_the_answer_to_one_text_can_be_lost(proxy: Proxy, client: socket.socket) -> None:
    client.settimeout(5)
    proxy.lose_answer(b"INSERT")
    client.sendall(b"two")
    assert client.recv(100) == b"two"
    client.sendall(b"an INSERT")
    assert client.recv(100) == b"", "the connection has ended"
    assert Echo.heard[-1] == b"an INSERT"
