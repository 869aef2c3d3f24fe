"""`python -m bench.apps.idle`: loads Django, Celery and Bolt, connects to Slack, and does nothing."""

import signal

import celery.app.base  # noqa: F401  # only loaded, like the next one
import slack_bolt.adapter.socket_mode  # noqa: F401
from django import setup
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient

from bot import env
from bot.conf import conf


def main() -> None:
    env.default_settings()
    setup()
    options = conf()
    client = WebClient(token=options.bot_token, base_url=options.api_url)
    SocketModeClient(app_token=options.app_token, web_client=client, concurrency=options.threads).connect()
    signal.pause()


if __name__ == "__main__":
    main()
