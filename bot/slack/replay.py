"""Payloads that come late, or once more: they change nothing.

Whoever answers late acts behind the back of a person who has seen Slack's own error, and may have gone on. And whoever gets hold of
a signed request can send it again: its signature is valid for five minutes.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOO_OLD = 10.0  # seconds; Slack itself waits for 3, but clocks differ
# These only read, or open a form, for which Slack takes a trigger once and within 3 s. A slash command has no type.
HARMLESS = frozenset({"", "block_suggestion", "shortcut", "message_action", "url_verification"})
MOST = 10_000  # presses that are remembered: more than come in TOO_OLD


def changes_something(body: Mapping[str, Any]) -> bool:
    """Whether this payload may have an effect. If it is late, it must have none."""
    return str(body.get("type") or "") not in HARMLESS


def is_late(body: Mapping[str, Any], age: float) -> bool:
    """`age`: seconds since Slack sent it."""
    return age > TOO_OLD and changes_something(body)


@dataclass
class Presses:
    """The block actions that this process has received: presses of buttons, and selections in menus. Threads may share it.

    A submission isn't one: its form's key makes it harmless, and a repeated one gets the answer of the first.
    """

    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_repeated(self, body: Mapping[str, Any]) -> bool:
        """Whether it has come before. From now on, it has."""
        if body.get("type") != "block_actions":
            return False
        press = f"{body.get('trigger_id')} {[action.get('action_ts') for action in body.get('actions') or ()]}"
        with self._lock:
            if press in self._seen:
                return True
            self._seen[press] = None
            if len(self._seen) > MOST:
                self._seen.popitem(last=False)
            return False
