"""Finds the installation that our token belongs to: the app in one workspace."""

import logging
import math
import threading
import time
from dataclasses import dataclass, field

from slack_sdk import WebClient

from bot.core.model import InstallationId, SlackUserId, TeamId
from bot.slack.client import UNREACHABLE, error_code

log = logging.getLogger(__name__)

ASK_AGAIN = 2.0  # seconds from a failed call to the next one


@dataclass(frozen=True, kw_only=True, slots=True)
class Introduced:
    """A token's owner, as Slack describes it."""

    team: TeamId
    user: SlackUserId  # the bot's user id, which mentions of the bot contain
    bot: str
    app: str  # empty if it isn't a bot's token
    address: str  # the workspace's, https://….slack.com/
    date: str  # the Date header of Slack's answer; empty if a proxy has removed it

    @property
    def installation(self) -> InstallationId:
        return InstallationId(f"{self.team}/{self.app}")


def introduced(client: WebClient, before: Introduced | None = None) -> Introduced:
    """Asks Slack whose token this is. Makes two calls, or one if the bot is the same as before.

    Raises the errors of the SDK (bot.slack.client.UNREACHABLE).
    """
    who = client.auth_test()
    bot = str(who.get("bot_id") or "")
    if before is not None and before.bot == bot:
        app = before.app
    else:
        app = client.bots_info(bot=bot)["bot"]["app_id"] if bot else ""
    headers = {name.lower(): value for name, value in who.headers.items()}
    return Introduced(
        team=TeamId(str(who["team_id"])),
        user=SlackUserId(str(who["user_id"])),
        bot=bot,
        app=str(app),
        address=str(who["url"]),
        date=str(headers.get("date", "")),
    )


@dataclass
class OurInstallation:
    """The installation of our token. Asks Slack until it answers, and then never again."""

    client: WebClient
    _found: Introduced | None = None
    _ask_again_at: float = 0.0  # monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    problem: str = "not asked yet"  # why the installation is unknown, for /readyz

    def id(self) -> InstallationId:
        """Empty if Slack can't be asked now; a later call asks again."""
        found = self._asked()
        return InstallationId("") if found is None else found.installation

    def team(self) -> TeamId | None:
        """The workspace's id. None if Slack can't be asked now."""
        found = self._asked()
        return None if found is None else found.team

    def user(self) -> SlackUserId:
        """The bot's user id. Empty if Slack can't be asked now."""
        found = self._asked()
        return SlackUserId("") if found is None else found.user

    def _asked(self) -> Introduced | None:
        if self._found is None:
            with self._lock:
                if time.monotonic() >= self._ask_again_at:
                    self._ask()
        return self._found

    def _ask(self) -> None:
        self._ask_again_at = time.monotonic() + ASK_AGAIN
        try:
            found = introduced(self.client)
        except UNREACHABLE as exc:
            self.problem = error_code(exc)
            log.warning("Slack doesn't say which installation this is: %s", self.problem)
        else:
            self._ask_again_at = math.inf
            self._found, self.problem = (found, "") if found.app else (None, "not a bot's token")
