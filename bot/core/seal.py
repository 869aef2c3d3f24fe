"""Signs values that travel through Slack and back, so that forged values are noticed."""

import hashlib
import hmac
from collections.abc import Iterable

SEPARATOR = "\0"


def seal(key: str, *parts: str) -> str:
    """32 hexadecimal digits. Only a process that knows `key` can make them for these parts.

    Raises ValueError if a part contains the separator, because other parts could then have the same seal.
    """
    if any(SEPARATOR in part for part in parts):
        raise ValueError("a sealed part contains the separator")
    text = SEPARATOR.join(parts)
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def holds(mark: str, keys: Iterable[str], *parts: str) -> bool:
    """Whether `mark` is the seal of these parts, with one of the keys."""
    if any(SEPARATOR in part for part in parts):
        return False
    given = mark.encode(errors="replace")
    return any(hmac.compare_digest(given, seal(key, *parts).encode()) for key in keys)
