"""Makes clients for Slack's Web API, and reads its errors."""

import re

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.conf import Conf
from bot.slack.keepalive import KeepAliveClient

FAST = 2  # seconds for a call while a person waits: a trigger is valid for 3
PROFILE = 1  # seconds for users.info and auth.test, while a person waits for an answer
DELIVERY = 5  # seconds: searching for a message and posting it must both fit into a claim (15 s), after a FAST call
CODE = re.compile(r"[a-z0-9_]{1,80}")
UNREACHABLE = (SlackApiError, OSError)  # refused by Slack, or no answer: URLError and time-outs are OSErrors


def web_client(conf: Conf, timeout: int) -> WebClient:
    """A client without retries: by default the SDK repeats a POST after a lost connection, which can post a message twice."""
    return KeepAliveClient(token=conf.bot_token, base_url=conf.api_url, timeout=timeout, retry_handlers=[])


def error_code(exc: Exception) -> str:
    """Slack's error code, or else the kind of failure. Never an address or a payload."""
    if isinstance(exc, SlackApiError):
        code = str(exc.response.get("error") or "")
        return code if CODE.fullmatch(code) else f"HTTP {exc.response.status_code}"  # the SDK may put a sentence there
    return type(getattr(exc, "reason", None) or exc).__name__


def retry_after(exc: Exception) -> float:
    """The pause that Slack asks for, in seconds. At least 1 after an answer of Slack, else 0.

    Slack always names the pause with a 429, but a proxy may remove it.
    """
    if not isinstance(exc, SlackApiError):
        return 0.0
    headers = {name.lower(): value for name, value in exc.response.headers.items()}
    try:
        return max(1.0, float(headers.get("retry-after", 1)))
    except ValueError:
        return 1.0
