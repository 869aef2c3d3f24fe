"""Recognises payloads that come late or a second time. They must change nothing.

If a payload comes late, the person has already seen Slack's own error, and may have gone on. An effect would surprise them.
Besides, somebody who has stolen a signed request can send it again: its signature is valid for five minutes.

Events are different. Nobody sees an error, and Slack repeats events that weren't acknowledged: at once, after 1 and after 5
minutes, and with Delayed Events for a day (docs.slack.dev: apis/events-api). So we accept late events. Ours change nothing:

- app_home_opened shows how things are at this moment.
- app_uninstalled and tokens_revoked make us ask Slack, which knows whether our token is good now.
- app_mention gets an answer that only its author sees, and that runs nothing. After ten minutes nobody waits for that any more.
"""

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVENT = "event_callback"
RATE_LIMITED = "app_rate_limited"  # a type of its own, although docs.slack.dev has it among the events; only over HTTP
TOO_OLD = 10.0  # seconds; Slack itself waits for 3, but clocks differ
# Payloads of these types change nothing: they read, or open a form (Slack accepts a trigger only once). `""`: a slash command.
HARMLESS = frozenset({"", "block_suggestion", "shortcut", "message_action", "url_verification", RATE_LIMITED, EVENT})
# Seconds after which an event of this type is no longer answered. Other types have no limit.
ANSWERED_FOR = {"app_mention": 600.0}
MOST = 10_000  # presses and events that are remembered, at most: more than can come within TOO_OLD


def changes_something(body: Mapping[str, Any]) -> bool:
    """Whether this payload may have an effect. If it is late, it must have none."""
    return str(body.get("type") or "") not in HARMLESS


def is_late(body: Mapping[str, Any], age: float) -> bool:
    """Whether this payload is too late to have an effect. `age`: seconds since Slack sent it."""
    return age > TOO_OLD and changes_something(body)


def is_stale(body: Mapping[str, Any], now: float) -> bool:
    """Whether this is an event that is too old to be answered. `now`: seconds since 1970."""
    if body.get("type") != EVENT:
        return False
    limit = ANSWERED_FOR.get(body.get("event", {}).get("type"), math.inf)
    return now - float(body.get("event_time", now)) > limit


@dataclass
class Seen:
    """The block actions (presses of buttons, selections in menus) and events that this process has received.

    Threads may share this object. Submissions aren't remembered: a form starts at most one run, and a repeated submission gets
    the same answer.
    """

    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_repeated(self, body: Mapping[str, Any]) -> bool:
        """Whether this payload has come before. Remembers it."""
        if body.get("type") == "block_actions":
            key = f"{body.get('trigger_id')} {[action.get('action_ts') for action in body.get('actions') or ()]}"
        elif body.get("type") == EVENT:
            key = str(body.get("event_id"))
        else:
            return False
        with self._lock:
            if key in self._seen:
                return True
            self._seen[key] = None
            if len(self._seen) > MOST:
                self._seen.popitem(last=False)
            return False
