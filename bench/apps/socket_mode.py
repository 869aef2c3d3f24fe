"""`python -m bench.apps.socket_mode APP`: a bare Bolt app on Socket Mode."""

import sys

import django
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot import env
from bot.conf import conf


def main(name: str) -> None:
    env.default_settings()
    django.setup()
    from bench.apps.bolt import APPS

    SocketModeHandler(APPS[name](), conf().app_token, concurrency=conf().threads).start()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(sys.argv[1])
