"""Calls over kept connections, against a real server that counts connections and requests, and hangs up when told."""

import json
import select
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack import keepalive
from bot.slack.keepalive import KeepAliveClient


@dataclass
class Server:
    """`answers` says what to do with each request, in order. When it is empty, the answer is a success."""

    url: str = ""
    connections: int = 0
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    seen = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def setup(self) -> None:
            super().setup()
            seen.connections += 1

        def do_POST(self) -> None:  # http.server's name
            seen.requests.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            answer = seen.answers.pop(0) if seen.answers else "ok"
            self.close_connection = answer in ("hang up", "answer, then hang up")
            if answer == "hang up":
                return
            status = 429 if answer == "limited" else 200
            body = json.dumps({"ok": status == 200, "ü": "é", **({} if status == 200 else {"error": "ratelimited"})})
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            if status == 429:
                self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(body.encode() if answer != "half" else body.encode()[:5])
            if answer == "half":
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    seen.url = f"http://127.0.0.1:{http.server_address[1]}/api/"
    yield seen
    http.shutdown()
    http.server_close()


@pytest.fixture
def client(server: Server) -> KeepAliveClient:
    return KeepAliveClient(token="xoxb-1", base_url=server.url, timeout=5, retry_handlers=[])


def post(client: WebClient) -> Any:
    return client.chat_postMessage(channel="C1", text="é")


def test_calls_that_follow_each_other_share_a_connection(client: KeepAliveClient, server: Server) -> None:
    for _ in range(3):
        assert post(client)["ü"] == "é"
    assert server.connections == 1
    assert {path for path, _ in server.requests} == {"/api/chat.postMessage"}


def test_requests_are_the_same_as_the_sdks(client: KeepAliveClient, server: Server) -> None:
    post(client)
    post(WebClient(token="xoxb-1", base_url=server.url, retry_handlers=[]))
    ours, theirs = server.requests
    assert ours == theirs


def test_calls_at_the_same_time_have_a_connection_each(client: KeepAliveClient, server: Server) -> None:
    threads = [threading.Thread(target=post, args=(client,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(server.requests) == 8
    assert len(client._kept) == server.connections


def test_a_connection_that_ended_meanwhile_is_replaced(client: KeepAliveClient, server: Server) -> None:
    server.answers = ["answer, then hang up"]
    post(client)
    ((connection, _),) = client._kept
    assert select.select([connection.sock], [], [], 10)[0], "the server closes"
    post(client)
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_connection_that_was_idle_for_long_is_replaced(
    client: KeepAliveClient, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client)
    monkeypatch.setattr(keepalive, "IDLE", 0.0)
    post(client)
    assert server.connections == 2


@pytest.mark.parametrize("how", ["hang up", "half"])
def test_a_request_whose_answer_is_lost_is_not_sent_again(client: KeepAliveClient, server: Server, how: str) -> None:
    post(client)
    server.answers = [how]
    with pytest.raises(OSError):  # noqa: PT011  # bot.slack.client.UNREACHABLE contains it
        post(client)
    assert len(server.requests) == 2
    post(client)
    assert len(server.requests) == 3


def test_an_error_of_slack_raises_the_same_exception_as_in_the_sdk(client: KeepAliveClient, server: Server) -> None:
    server.answers = ["limited"]
    with pytest.raises(SlackApiError) as caught:
        post(client)
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    post(client)
    assert server.connections == 1


def test_behind_a_proxy_the_sdk_makes_the_call(server: Server) -> None:
    """The server is the proxy, too: requests to a proxy name a whole address."""
    base_url = "http://slack.invalid/api/"
    client = KeepAliveClient(token="xoxb-1", base_url=base_url, proxy=server.url, timeout=5, retry_handlers=[])
    post(client)
    assert [path for path, _ in server.requests] == [f"{base_url}chat.postMessage"]


def test_the_sdk_still_has_the_method_that_is_replaced() -> None:
    assert hasattr(WebClient, "_perform_urllib_http_request_internal"), "calls would work, but connect each time"
