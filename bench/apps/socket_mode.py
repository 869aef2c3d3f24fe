"""`python -m bench.apps.socket_mode APP`: a bare Bolt app on Socket Mode."""

import socket
import sys
import threading
from typing import Any

import django
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot import env
from bot.conf import conf


def main(name: str) -> None:
    env.default_settings()
    django.setup()
    from bench.apps.bolt import APPS

    handler = SocketModeHandler(APPS[name](), conf().app_token, concurrency=conf().threads)
    handler.connect()  # type: ignore[no-untyped-call]
    if name != "default":  # slack_sdk doesn't turn off Nagle's algorithm, which would delay a floor
        session: Any = handler.client.current_session
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
