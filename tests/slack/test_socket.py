"""How a connection of Socket Mode is closed, and a freeze is noticed. tests.wire.test_socket has the rest."""

import logging
import socket
import threading
import time
from typing import Any

import pytest
from slack_sdk.socket_mode.builtin.connection import Connection

from bot.core import steady
from bot.slack.socket import FROZEN, SocketMode, _adopt


def test_a_connection_is_closed_while_it_is_being_read() -> None:
    near, far = socket.socketpair()
    near.settimeout(3)  # as slack_sdk does
    session = Connection("ws://slack.test", logging.getLogger(__name__))
    session.sock = near  # type: ignore[assignment]
    came: list[object] = []

    def read() -> None:
        with session.sock_receive_lock:
            try:
                came.append(near.recv(10))
            except TimeoutError as exc:
                came.append(exc)

    reader = threading.Thread(target=read)
    reader.start()
    while not session.sock_receive_lock.locked():
        time.sleep(0)
    _adopt(session)
    session.close()
    reader.join(10)
    far.close()
    assert came == [b""], "the connection has ended at once, not by a time-out"


def test_a_connection_that_its_reader_closes_at_the_same_moment_is_closed() -> None:
    near, far = socket.socketpair()
    session = Connection("ws://slack.test", logging.getLogger(__name__))
    session.sock = near  # type: ignore[assignment]
    _adopt(session)
    failed: list[Exception] = []

    def close() -> None:
        try:
            session.close()
        except Exception as exc:  # noqa: BLE001  # reported by the test's thread
            failed.append(exc)

    with session.sock_receive_lock:  # as its reader, in `disconnect`
        closer = threading.Thread(target=close)
        closer.start()
        while not session.sock_send_lock.locked():
            time.sleep(0)
        near.close()
        session.sock = None
    closer.join(10)
    far.close()
    assert failed == []


def test_a_machine_that_was_suspended_was_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux's monotonic clock stood still meanwhile."""
    unused: Any = None
    mode = SocketMode(app=unused, client=unused, app_token="", concurrency=1)
    assert not mode._was_frozen()
    clock_gettime = time.clock_gettime

    def after_a_suspension(clock: int) -> float:
        return clock_gettime(clock) + (FROZEN + 1 if clock == steady._STEADY else 0)

    monkeypatch.setattr(time, "clock_gettime", after_a_suspension)
    assert mode._was_frozen()
