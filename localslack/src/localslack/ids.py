"""Time and names: a clock that tests may shift, message timestamps, and ids that look like Slack's."""

import secrets
import string
import time

_LETTERS = string.ascii_uppercase + string.digits
_MIXED = string.ascii_letters + string.digits


class Clock:
    """The workspace's time; `advance` makes triggers, response_urls and rate limits older without waiting."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._last_ts = 0

    def now(self) -> float:
        """Seconds since the epoch, shifted."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move on by so many seconds."""
        self._offset += seconds

    def ts(self) -> str:
        """A message timestamp: unique in the workspace and always greater than the last one."""
        self._last_ts = max(int(self.now() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def not_before(self, ts: str) -> None:
        """Keep later timestamps above `ts` (messages loaded from a file may be newer than this computer's clock)."""
        seconds, _, micro = ts.partition(".")
        self._last_ts = max(self._last_ts, int(seconds) * 1_000_000 + int(micro))


def new_id(prefix: str) -> str:
    """An id such as V07QK2M4X1B."""
    return prefix + "0" + "".join(secrets.choice(_LETTERS) for _ in range(9))


def short_id() -> str:
    """What Slack gives to a block or an element that came without an id, for example `hspIq`."""
    return "".join(secrets.choice(_MIXED) for _ in range(5))


def view_hash(now: float) -> str:
    """A version mark as in recorded views: `1596530361.3wRYuk3R`."""
    return f"{int(now)}.{''.join(secrets.choice(_MIXED) for _ in range(8))}"


def trigger_id() -> str:
    """A trigger as docs.slack.dev shows it: `13345224609.738474920.8088930838d88f008e0…`."""
    return f"{secrets.randbelow(10**12):012d}.{secrets.randbelow(10**10):010d}.{secrets.token_hex(16)}"
