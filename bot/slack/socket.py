"""Socket Mode: watches the connection, closes unused database connections, and stops in order.

We work around these faults of slack_sdk's built-in client (3.47, slack_sdk/socket_mode/builtin):

- After a CLOSE frame it waits for the next ping interval; after a plain FIN it spins for a minute.
- It never notices a peer that has never answered a ping.
- `connect` doesn't raise, and three threads of the client reconnect without pauses, even after a stop.
- `close` cuts the connection before pending acknowledgements have been sent.
- If two threads close a connection at the same moment, one of them raises AttributeError.
"""

import contextlib
import json
import logging
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import close_old_connections
from slack_bolt import App
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.core.steady import elapsed
from bot.runs.budget import making_answer
from bot.slack.client import error_code, retry_after
from bot.slack.keepalive import ended
from bot.slack.replay import changes_something

log = logging.getLogger(__name__)

PING_INTERVAL = 2.0  # seconds
SILENCE = 3 * PING_INTERVAL  # seconds without a pong, after which the connection counts as lost
CHECK = 0.5  # seconds between two checks of the connection
FIRST_RETRY, LAST_RETRY = 1.0, 30.0  # seconds between tries to connect
LASTING = 3.0  # seconds; a connection that ends sooner counts as a failed try (Slack: too_many_websockets)
FROZEN = 3.0  # seconds without a tick; Slack waits as long for an acknowledgement
DISTRUST = 1.0  # seconds after a freeze, while old envelopes are still being read
DRAIN = 5.0  # seconds for pending acknowledgements at a stop
BUFFER = 65_536  # bytes; with the default of 1,024 the client's reader recurses deeply


class _Client(SocketModeClient):
    """Passes each envelope directly to a thread of the pool. (The SDK uses a queue and another thread in between.)

    Never reconnects by itself.
    """

    def __init__(self, lost: threading.Event, **options: Any) -> None:
        close_listeners = [lambda _code, _reason: lost.set()]
        super().__init__(auto_reconnect_enabled=False, on_close_listeners=close_listeners, **options)
        self._lost = lost

    def enqueue_message(self, message: str) -> None:
        """A single thread calls this. So when a `hello` arrives, all messages of earlier connections have been passed on."""
        envelope = json.loads(message) if message.startswith("{") else {}
        kind = envelope.get("type")
        if kind == "hello":
            self._lost.clear()
        if kind == "disconnect":  # this connection is read until it is replaced
            self._lost.set()
        else:
            self.message_workers.submit(self.run_message_listeners, envelope, message)

    def issue_new_wss_url(self) -> str:
        """Raises when Slack asks for a pause. The SDK would sleep here, even during a stop."""
        return str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])


@dataclass
class SocketMode:
    """Serves a Bolt app over Slack's WebSocket until a stop."""

    app: App
    client: WebClient
    app_token: str = field(repr=False)
    concurrency: int
    _in_flight: int = 0
    _idle: threading.Condition = field(default_factory=threading.Condition)
    _lost: threading.Event = field(default_factory=threading.Event)
    _last_tick: float = field(default_factory=elapsed)
    _distrust_until: float = 0.0  # monotonic

    def serve(self, stopping: threading.Event) -> None:
        """Blocks until `stopping` is set. Reconnects by itself, however long Slack can't be reached."""
        chatty = logging.getLogger("bot.slack.socket.client")
        chatty.setLevel(logging.ERROR)  # its warnings repeat messages
        connection = _Client(
            self._lost,
            app_token=self.app_token,
            web_client=self.client,
            logger=chatty,
            ping_interval=PING_INTERVAL,
            concurrency=self.concurrency,
            receive_buffer_size=BUFFER,
        )
        connection.socket_mode_request_listeners.append(self._handle)  # type: ignore[arg-type]
        self._last_tick = elapsed()
        drained = threading.Event()
        threading.Thread(target=self._tick, args=(drained,), name="tick", daemon=True).start()
        try:
            self._keep_connected(connection, stopping)
            self._drain()
        finally:
            drained.set()
            _hang_up(connection)
            connection.close()

    def _keep_connected(self, connection: SocketModeClient, stopping: threading.Event) -> None:
        """Only this thread connects, so that no other thread is connecting during a stop."""
        pause = 0.0
        while not stopping.wait(pause):
            pause = min(max(pause * 2, FIRST_RETRY), LAST_RETRY)
            began = time.monotonic()
            self._lost.clear()
            try:
                connection.connect_to_new_endpoint(force=True)
            except Exception as exc:  # noqa: BLE001  # Slack, DNS or a proxy: it may work later
                log.warning("Slack can't be reached for Socket Mode: %s", error_code(exc))
                pause = max(pause, retry_after(exc))
                continue
            if connection.is_connected():
                log.info("connected to Slack")
                self._stay(connection, stopping)
                pause = 0.0 if time.monotonic() - began > LASTING else pause

    def _stay(self, connection: SocketModeClient, stopping: threading.Event) -> None:
        """Returns when this connection has ended or must be replaced."""
        since = time.time()
        _adopt(connection.current_session)
        while not stopping.is_set() and not self._lost.wait(CHECK):
            if not _alive(connection, since):
                connection.disconnect()  # its reader would spin until there is a new connection
                return

    def _handle(self, connection: SocketModeClient, request: SocketModeRequest) -> None:
        """Runs in a thread of the client, whose database connections Django doesn't manage."""
        is_distrusted = self._was_frozen() or time.monotonic() < self._distrust_until
        if is_distrusted and changes_something(request.payload):
            log.warning("ignored a %s: this process was frozen, so the request may be old", request.payload["type"])
            return
        with self._idle:
            self._in_flight += 1
        close_old_connections()
        try:
            started = time.time()
            with making_answer() as answer:
                response = run_bolt_app(self.app, request)
            try:
                send_response(connection, request, response, started)
            finally:  # even if the answer got lost, because the person still waits for the form
                answer.done()
        finally:
            close_old_connections()
            with self._idle:
                self._in_flight -= 1
                self._idle.notify_all()

    def _tick(self, drained: threading.Event) -> None:
        while not drained.wait(CHECK):
            if self._was_frozen():
                self._distrust_until = time.monotonic() + DISTRUST
                self._lost.set()  # envelopes that wait in the old connection are old
            self._last_tick = elapsed()

    def _was_frozen(self) -> bool:
        """Whether this process, or its machine, was stopped for longer than Slack waits for an answer."""
        return elapsed() - self._last_tick > FROZEN

    def _drain(self) -> None:
        """Waits for pending acknowledgements, which need the connection."""
        with self._idle:
            if not self._idle.wait_for(lambda: self._in_flight == 0, timeout=DRAIN):
                log.warning("%s acknowledgements were still pending at the stop", self._in_flight)


def _hang_up(connection: SocketModeClient) -> None:
    """Ends the read of the queue. Otherwise `close` would wait for it, up to 1 s."""
    connection.current_session_state.terminated = True
    connection.closed = True
    connection.message_queue.put(None)  # its reader ignores this


def _adopt(session: Any) -> None:
    """Makes a new connection send and close without delay.

    An acknowledgement must not wait until Slack has confirmed the frame before it, but slack_sdk sets TCP_NODELAY only behind a
    proxy. slack_sdk's `close` waits up to 3 s for the current read. During that time nobody reads the new connection. So we shut
    the socket down first.
    """
    sock: Any = session.sock if session is not None else None
    if sock is None:
        return
    with contextlib.suppress(OSError):  # it has ended already, as the next check will notice
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    close = session.close

    def at_once() -> None:
        with contextlib.suppress(OSError), socket.socket(fileno=socket.dup(sock.fileno())) as raw:
            raw.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(AttributeError):  # its reader has closed it at this moment
            close()

    session.close = at_once


def _alive(connection: SocketModeClient, since: float) -> bool:
    session = connection.current_session
    sock: Any = session.sock if session is not None else None
    if session is None or sock is None:
        return False
    heard = max(session.last_ping_pong_time or since, since)
    return time.time() - heard < SILENCE and not ended(sock)
