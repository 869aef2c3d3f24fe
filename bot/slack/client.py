"""Clients for Slack's Web API, and our installation in the workspace."""

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

FAST = 2  # seconds: a trigger is valid for 3
PROFILE = 1  # seconds for users.info and auth.test, while a person waits for an answer
DELIVERY = 5  # seconds: searching for a message and posting it must both fit into a claim (15 s)
ASK_AGAIN = 2.0  # seconds after a call that failed
CODE = re.compile(r"[a-z0-9_]{1,80}")
UNREACHABLE = (SlackApiError, OSError)  # urllib's URLError and time-outs are OSErrors


def web_client(conf: Conf, timeout: int) -> WebClient:
    """Without retries: by default the SDK repeats a POST after a lost connection, which can post a message twice."""
    return KeepAliveClient(token=conf.bot_token, base_url=conf.api_url, timeout=timeout, retry_handlers=[])


@dataclass
class Installation:
    """Our installation in the one workspace. Asks Slack for it only once (`auth.test`)."""

    client: WebClient
    _team: TeamId | None = None
    _address: str = ""
    _ask_again_at: float = 0.0  # monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    problem: str = "not asked yet"  # why the workspace is unknown, for /readyz

    def team(self) -> TeamId | None:
        """The workspace's id. None if Slack can't be asked now; a later call asks again."""
        if self._team is None:
            with self._lock:
                if time.monotonic() >= self._ask_again_at:
                    self._ask()
        return self._team

    def address(self) -> str:
        """The workspace's address, `https://….slack.com/`. Empty if Slack can't be asked now."""
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
    """Slack's own code, or the kind of failure. Never an address or a payload."""
    if isinstance(exc, SlackApiError):
        code = str(exc.response.get("error") or "")
        return code if CODE.fullmatch(code) else f"HTTP {exc.response.status_code}"  # the SDK may put a sentence there
    return type(getattr(exc, "reason", None) or exc).__name__


def retry_after(exc: Exception) -> float:
    """The pause that Slack asks for, in seconds. Slack always sends it with a 429, but a proxy may not."""
    if not isinstance(exc, SlackApiError):
        return 0.0
    headers = {name.lower(): value for name, value in exc.response.headers.items()}
    try:
        return max(1.0, float(headers.get("retry-after", 1)))
    except ValueError:
        return 1.0
