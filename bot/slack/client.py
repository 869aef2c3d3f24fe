"""Clients for Slack's Web API, and what is known of the workspace."""

import logging
import threading
from dataclasses import dataclass, field

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.conf import Conf
from bot.core.model import TeamId

log = logging.getLogger(__name__)

FAST = 2  # seconds: a trigger lives 3
PROFILE = 1  # seconds for users.info and auth.test on the way to an answer
DELIVERY = 10  # seconds, well below the life of a claim
UNREACHABLE = (SlackApiError, OSError)  # urllib's URLError and time-outs are OSErrors


def web_client(conf: Conf, timeout: int) -> WebClient:
    """No retries by the SDK: its default repeats a POST after a lost connection, which can post twice."""
    return WebClient(token=conf.bot_token, base_url=conf.api_url, timeout=timeout, retry_handlers=[])


@dataclass
class Workspace:
    """The workspace the bot is installed in, asked once (`auth.test`) and kept."""

    client: WebClient
    _team: TeamId | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    problem: str = "not asked yet"  # why the workspace isn't known, for /readyz

    def team(self) -> TeamId | None:
        """None if Slack can't be asked now; the next call asks again."""
        if self._team is None:
            with self._lock:
                if self._team is None:
                    self._ask()
        return self._team

    def _ask(self) -> None:
        try:
            answer = self.client.auth_test()
        except UNREACHABLE as exc:
            self.problem = error_code(exc)
            log.warning("Slack's auth.test: %s", self.problem)
        else:
            self._team, self.problem = TeamId(str(answer["team_id"])), ""


def error_code(exc: Exception) -> str:
    """Slack's own code, or the kind of failure; never an address or a payload."""
    if isinstance(exc, SlackApiError):
        return str(exc.response.get("error") or f"HTTP {exc.response.status_code}")[:100]
    return type(getattr(exc, "reason", None) or exc).__name__
