"""A small app that the local Slack serves: it gives scripted answers, over Socket Mode or HTTP."""

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

from localslack.testing import Installation, LocalSlack

Json = dict[str, Any]
# Gets a payload, and returns the body of the ack: None is an empty body. NO_ANSWER sends no ack.
Answer = Callable[[Json], Json | str | None]
NO_ANSWER = "<no answer>"


class App(Protocol):
    """The members of both kinds of app that tests use."""

    client: WebClient
    answers: dict[str, Answer]

    def received(self, kind: str) -> list[Json]: ...


class Script:
    """Gives answers by kind of payload, and keeps the payloads. Its client acts in the workspace of `installation`."""

    def __init__(self, slack: LocalSlack, installation: Installation | None = None) -> None:
        token = installation.bot_token if installation else slack.bot_token
        self.client = WebClient(token=token, base_url=slack.api_url)
        self.answers: dict[str, Answer] = {}
        self._received: list[tuple[str, Json]] = []

    def forget(self) -> None:
        """Forget answers and payloads."""
        self.answers.clear()
        self._received.clear()

    def received(self, kind: str) -> list[Json]:
        """The payloads of one kind, in the order in which they came."""
        return [payload for name, payload in self._received if name == kind]

    def answer(self, kind: str, payload: Json) -> Json | str | None:
        """The answer to a payload."""
        self._received.append((kind, payload))
        answer = self.answers.get(kind)
        return answer(payload) if answer else None


class SocketApp(Script):
    """An app on Slack's own client, unchanged."""

    def __init__(self, slack: LocalSlack, installation: Installation | None = None, **options: Any) -> None:
        super().__init__(slack, installation)
        self._slack = slack
        self._app = installation.app if installation else None
        token = installation.app_token if installation else slack.app_token
        self.socket = SocketModeClient(app_token=token, web_client=self.client, ping_interval=1, **options)
        self.socket.socket_mode_request_listeners.append(self._listen)
        self.envelopes: list[SocketModeRequest] = []

    def __enter__(self) -> Self:
        before = len(self._slack.connections(self._app))
        self.socket.connect()
        self._slack.wait_for_app(before + 1, app=self._app)
        return self

    def __exit__(self, *_: object) -> None:
        # Slack's client closes only after its blocking read. When the server closes, the read ends at once.
        self.socket.auto_reconnect_enabled = False
        self._slack.trouble("close", self._app)
        self._slack.wait_for(lambda: not self.socket.is_connected())
        self.socket.close()
        self._slack.wait_for(lambda: not self._slack.connections(self._app))

    def _listen(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        self.envelopes.append(request)
        kind = "slash_commands" if request.type == "slash_commands" else str(request.payload["type"])
        answer = self.answer(kind, request.payload)
        if answer != NO_ANSWER:
            body = {"text": answer} if isinstance(answer, str) else answer
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=body))


class HttpApp(Script):
    """An HTTP server that keeps the raw requests."""

    def __init__(self, slack: LocalSlack, installation: Installation | None = None) -> None:
        super().__init__(slack, installation)
        self.requests: list[tuple[dict[str, str], str]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/slack/events"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
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
                    app._closing.wait()
                    return
                text = "" if answer is None else answer
                body = text if isinstance(text, str) else json.dumps(text)
                self.send_response(app.status)
                if isinstance(answer, dict):
                    self.send_header("Content-Type", "application/json")
                for name, value in {**app.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        return Handler


def parsed(content_type: str, raw: str) -> tuple[str, Json]:
    """The kind and the payload of a request. Slack's requests have three kinds of body."""
    if content_type == "application/json":
        payload = json.loads(raw)
        return str(payload["type"]), payload
    form = dict(parse_qsl(raw, keep_blank_values=True))
    if "payload" in form:
        payload = json.loads(form["payload"])
        return str(payload["type"]), payload
    return ("ssl_check" if "ssl_check" in form else "slash_commands"), form
