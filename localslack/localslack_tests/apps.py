"""A small app on the other side of the local Slack: scripted answers, over Socket Mode or HTTP."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from localslack.testing import LocalSlack

Json = dict[str, Any]
# A payload comes in, a body goes back: None is an empty one. NO_ANSWER stays silent.
Answer = Callable[[Json], Json | str | None]
NO_ANSWER = "<no answer>"


class App(Protocol):
    """What both kinds of app offer to tests."""

    client: WebClient
    answers: dict[str, Answer]

    def received(self, kind: str) -> list[Json]: ...


class Script:
    """Answers by kind of payload, empty where there is none, and remembers what came."""

    def __init__(self, slack: LocalSlack) -> None:
        self.client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        self.answers: dict[str, Answer] = {}
        self._received: list[tuple[str, Json]] = []

    def forget(self) -> None:
        """Start afresh."""
        self.answers.clear()
        self._received.clear()

    def received(self, kind: str) -> list[Json]:
        """The payloads of one kind, in the order of their coming."""
        return [payload for name, payload in self._received if name == kind]

    def answer(self, kind: str, payload: Json) -> Json | str | None:
        """What to say to a payload."""
        self._received.append((kind, payload))
        answer = self.answers.get(kind)
        return answer(payload) if answer else None


class SocketApp(Script):
    """Slack's own client, as it is."""

    def __init__(self, slack: LocalSlack, **options: Any) -> None:
        super().__init__(slack)
        self._slack = slack
        self.socket = SocketModeClient(app_token=slack.app_token, web_client=self.client, ping_interval=1, **options)
        self.socket.socket_mode_request_listeners.append(self._listen)
        self.envelopes: list[SocketModeRequest] = []

    def __enter__(self) -> Self:
        before = len(self._slack.connections())
        self.socket.connect()
        self._slack.wait_for_app(before + 1)
        return self

    def __exit__(self, *_: object) -> None:
        # Slack's client waits for its blocking read before it closes: ended from the other side, that is at once.
        self.socket.auto_reconnect_enabled = False
        self._slack.trouble("close")
        self._slack.wait_for(lambda: not self.socket.is_connected())
        self.socket.close()
        self._slack.wait_for(lambda: not self._slack.connections())

    def _listen(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        self.envelopes.append(request)
        kind = "slash_commands" if request.type == "slash_commands" else str(request.payload["type"])
        answer = self.answer(kind, request.payload)
        if answer != NO_ANSWER:
            body = {"text": answer} if isinstance(answer, str) else answer
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=body))


class HttpApp(Script):
    """An HTTP server that keeps the raw requests."""

    def __init__(self, slack: LocalSlack) -> None:
        super().__init__(slack)
        self.requests: list[tuple[dict[str, str], str]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self._silence = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/slack/events"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._silence.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                app.requests.append((headers, raw))
                answer = app.answer(*parsed(headers["content-type"], raw))
                if answer == NO_ANSWER:
                    app._silence.wait()
                    return
                body = answer if isinstance(answer, str) else json.dumps(answer) if answer is not None else ""
                self.send_response(app.status)
                if isinstance(answer, dict):
                    self.send_header("Content-Type", "application/json")
                for name, value in {**app.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def parsed(content_type: str, raw: str) -> tuple[str, Json]:
    """The kind and payload of one of Slack's three content shapes."""
    if content_type == "application/json":
        payload = json.loads(raw)
        return str(payload["type"]), payload
    form = dict(parse_qsl(raw, keep_blank_values=True))
    if "payload" in form:
        payload = json.loads(form["payload"])
        return str(payload["type"]), payload
    return ("ssl_check" if "ssl_check" in form else "slash_commands"), form
