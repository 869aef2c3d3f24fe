"""Slack's rate limits as token buckets: a tier per method, about one post a second per channel.

docs.slack.dev: rate-limits
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from localslack.limits import LIMITS

_LIMITS = LIMITS["rate_limits"]
_POST_BURST = 5.0  # "bursts allowed"; how many is not documented
_POSTS_A_MINUTE = 300.0  # "several hundred a minute" per workspace
_DEFAULT_TIER = "tier_3"
_SPECIAL = {"auth.test": 300.0, "chat.getPermalink": 300.0}  # their pages say "special": hundreds a minute


@dataclass
class _Bucket:
    tokens: float
    at: float  # when `tokens` was right


class Rates:
    """Counts the calls of one installation, as Slack limits each on its own, or the calls with one app-level token."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def wait(self, method: str, channel: str | None) -> int:
        """Seconds for Retry-After. 0: the call may go on, and is counted."""
        if method == "chat.postMessage":
            in_channel = self._take((method, channel or ""), _POST_BURST, 1.0)
            return in_channel or self._take((method, "*"), _POSTS_A_MINUTE, _POSTS_A_MINUTE / 60)
        a_minute = _calls_a_minute(method)
        return self._take((method, "*"), a_minute, a_minute / 60)

    def clear(self) -> None:
        """Forget all calls."""
        self._buckets.clear()

    def _take(self, key: tuple[str, str], size: float, a_second: float) -> int:
        """Take a token from a bucket of this size. Returns 0, or the seconds until the bucket has one."""
        now = self._now()
        bucket = self._buckets.setdefault(key, _Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + (now - bucket.at) * a_second)
        bucket.at = now
        if bucket.tokens < 1:
            return max(1, math.ceil((1 - bucket.tokens) / a_second))
        bucket.tokens -= 1
        return 0


def _calls_a_minute(method: str) -> float:
    if method in _SPECIAL:
        return _SPECIAL[method]
    family = method.partition(".")[0] + ".*"
    tier = str(_LIMITS.get(method) or _LIMITS.get(family) or _DEFAULT_TIER)
    return float(_LIMITS[tier])
