"""Clients for Slack's Web API, and what is known of the workspace."""

import logging
import math
import re
import threading
import time
from dataclasses import dataclass, field

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.conf import Conf
from bot.core.model import TeamId
from bot.slack.keepalive import KeepAliveClient

log = logging.getLogger(__name__)

FAST = 2  # seconds: a trigger lives 3
PROFILE = 1  # seconds for users.info and auth.test on the way to an answer
DELIVERY = 5  # seconds; looking for a message and posting it must both fit into the life of a claim (15 s)
ASK_AGAIN = 2.0  # seconds between two questions that Slack doesn't answer
CODE = re.compile(r"[a-z0-9_]{1,80}")
UNREACHABLE = (SlackApiError, OSError)  # urllib's URLError and time-outs are OSErrors


def web_client(conf: Conf, timeout: int) -> WebClient:
    """No retries by the SDK: its default repeats a POST after a lost connection, which can post twice."""
    return KeepAliveClient(token=conf.bot_token, base_url=conf.api_url, timeout=timeout, retry_handlers=[])


@dataclass
class Workspace:
    """The workspace the bot is installed in, asked once (`auth.test`) and kept."""

    client: WebClient
    _team: TeamId | None = None
    _address: str = ""
    _ask_again_at: float = 0.0  # monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    problem: str = "not asked yet"  # why the workspace isn't known, for /readyz

    def team(self) -> TeamId | None:
        """None if Slack can't be asked now; a later call asks again, not each of many that wait."""
        if self._team is None:
            with self._lock:
                if time.monotonic() >= self._ask_again_at:
                    self._ask()
        return self._team

    def address(self) -> str:
        """Of the workspace's pages, `https://….slack.com/`; empty if Slack can't be asked now."""
        return self._address if self.team() else ""

    def _ask(self) -> None:
        self._ask_again_at = time.monotonic() + ASK_AGAIN
        try:
            answer = self.client.auth_test()
        except UNREACHABLE as exc:
            self.problem = error_code(exc)
            log.warning("Slack's auth.test: %s", self.problem)
        else:
            self._address = str(answer["url"])
            self._team, self.problem, self._ask_again_at = TeamId(str(answer["team_id"])), "", math.inf


def error_code(exc: Exception) -> str:
    """Slack's own code, or the kind of failure; never an address or a payload."""
    if isinstance(exc, SlackApiError):
        code = str(exc.response.get("error") or "")
        return code if CODE.fullmatch(code) else f"HTTP {exc.response.status_code}"  # the SDK puts prose there, too
    return type(getattr(exc, "reason", None) or exc).__name__


def retry_after(exc: Exception) -> float:
    """Seconds that Slack wants a pause of; of too many requests it always says so, but a proxy in between may not."""
    if not isinstance(exc, SlackApiError):
        return 0.0
    headers = {name.lower(): value for name, value in exc.response.headers.items()}
    try:
        return max(1.0, float(headers.get("retry-after", 1)))
    except ValueError:
        return 1.0
