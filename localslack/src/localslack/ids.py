"""Time and ids: a clock that tests may shift, message timestamps, and ids that look like Slack's."""

import secrets
import string
import time
from dataclasses import dataclass

_LETTERS = string.ascii_uppercase + string.digits
_MIXED = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class Bot:
    """The ids and name of an app in one workspace. Messages, views and tickets belong to a bot."""

    team_id: str
    app_id: str
    user_id: str
    bot_id: str
    name: str


class Clock:
    """The time of the local Slack. `advance` ages triggers, response_urls and rate limits without waiting."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._last_ts = 0

    def now(self) -> float:
        """Seconds since the epoch, shifted."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move on by this many seconds."""
        self._offset += seconds

    def ts(self) -> str:
        """A message timestamp: unique, and greater than all earlier ones."""
        self._last_ts = max(int(self.now() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def not_before(self, ts: str) -> None:
        """Keep later timestamps above `ts`: messages from a file may be newer than this computer's clock."""
        seconds, _, micro = ts.partition(".")
        self._last_ts = max(self._last_ts, int(seconds) * 1_000_000 + int(micro))


def new_id(prefix: str) -> str:
    """An id such as V07QK2M4X1B."""
    return prefix + "0" + "".join(secrets.choice(_LETTERS) for _ in range(9))


def short_id() -> str:
    """The id that Slack gives to a block or an element without one, for example `hspIq`."""
    return "".join(secrets.choice(_MIXED) for _ in range(5))


def view_hash(now: float) -> str:
    """The version of a view, in the form that recorded views have: `1596530361.3wRYuk3R`."""
    return f"{int(now)}.{''.join(secrets.choice(_MIXED) for _ in range(8))}"


def trigger_id() -> str:
    """A trigger id in the form that docs.slack.dev shows: `13345224609.738474920.8088930838d88f008e0…`."""
    return f"{secrets.randbelow(10**12):012d}.{secrets.randbelow(10**10):010d}.{secrets.token_hex(16)}"
