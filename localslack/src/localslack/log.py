"""A log of everything that crossed the wire, for tests and for curious readers. It contains no tokens."""

from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from localslack.ids import Bot

Direction = Literal["api", "delivery", "ack", "hook"]
_SECRETS = frozenset({"token", "client_secret"})
_MAX_ENTRIES = 20_000


class Log:
    """The last entries, numbered from 1 in the order in which they were completed."""

    def __init__(self, now: Callable[[], float], stir: Callable[[], None]) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_MAX_ENTRIES)
        self._now = now
        self._stir = stir
        self._count = 0

    def add(self, direction: Direction, name: str, *, bot: Bot | None = None, **details: Any) -> None:
        """Add an entry. `details` may be: user, request, response, status, ms, retry, refused."""
        self._count += 1
        key = "method" if direction == "api" else "type"
        whose = {"team": bot.team_id or None, "app": bot.app_id} if bot else {}
        shown = {k: _without_secrets(v) for k, v in (whose | details).items() if v is not None}
        self._entries.append({"n": self._count, "at": self._now(), "direction": direction, key: name} | shown)
        self._stir()

    def since(self, number: int = 0) -> list[dict[str, Any]]:
        """The entries after that number."""
        return [entry for entry in self._entries if entry["n"] > number]

    def clear(self) -> None:
        """Forget all entries. The numbers of later entries go on."""
        self._entries.clear()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k not in _SECRETS}
    return value
