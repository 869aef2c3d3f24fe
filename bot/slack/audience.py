"""Whether people of another company read a channel (Slack Connect), as Slack says.

docs.slack.dev: reference/methods/conversations.info, reference/objects/conversation-object
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk import WebClient

from bot.core.model import Audience, ChannelId
from bot.core.ports import ChannelClosed, InstallationRefused, MessageRefused, NotDelivered
from bot.slack.errors import call

FRESH = 300.0  # seconds that an answer counts: a channel may be shared later, or no longer
MOST = 1000  # channels that are remembered


@dataclass
class Audiences:
    """Threads may share it. Two that ask about the same channel at the same time both ask Slack."""

    client: WebClient
    is_full: bool = False  # whether messages say everything, whoever reads them
    _known: OrderedDict[ChannelId, tuple[Audience, float]] = field(default_factory=OrderedDict)  # until when, monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_external(self, channel: ChannelId) -> bool:
        """Whether messages in this channel may say only the state, with a link. Raises as `of`."""
        return not self.is_full and self.of(channel) is Audience.EXTERNAL

    def of(self, channel: ChannelId) -> Audience:
        """One short call to Slack, unless there was one lately. Raises NotDelivered if there is no answer, or RateLimited."""
        if channel.startswith("D"):
            return Audience.OWN  # the bot's direct message with somebody of our workspace: it writes to no others
        with self._lock:
            found, until = self._known.get(channel, (Audience.UNKNOWN, 0.0))
        if time.monotonic() < until:
            return found
        try:
            answer = call(self.client.conversations_info, is_optional=True, channel=channel)
        except (ChannelClosed, MessageRefused, InstallationRefused) as exc:
            if exc.reason.params.get("error") != "missing_scope":
                # We may ask, but aren't told. If posting is possible all the same, it must give nothing away.
                return Audience.EXTERNAL
            found = Audience.UNKNOWN
        except NotDelivered as exc:
            exc.maybe_posted = False  # we have only asked
            raise
        else:
            found = _audience(answer["channel"])
        self._remember(channel, found)
        return found

    def _remember(self, channel: ChannelId, found: Audience) -> None:
        with self._lock:
            self._known[channel] = (found, time.monotonic() + FRESH)
            self._known.move_to_end(channel)
            if len(self._known) > MOST:
                self._known.popitem(last=False)


def _audience(channel: Mapping[str, Any]) -> Audience:
    """Once an invitation is accepted, the other company reads older messages, too. So one that is pending counts."""
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        return Audience.EXTERNAL
    return Audience.OWN if "is_ext_shared" in channel else Audience.UNKNOWN
