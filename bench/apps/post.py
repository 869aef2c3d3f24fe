"""`python -m bench.apps.post COUNT PREFIX`: a bare loop of chat.postMessage."""

import sys

from slack_sdk import WebClient

from bot import env
from bot.conf import Conf


def main(count: int, prefix: str) -> None:
    conf = env.read(Conf, env.environ())
    client = WebClient(token=conf.bot_token, base_url=conf.api_url, retry_handlers=[])
    for number in range(1, count + 1):
        client.chat_postMessage(channel=f"C{prefix}{number}", text="*report* was started by <@U0BENCH00>")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
