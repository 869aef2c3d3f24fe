"""Asks Slack whether people of another company can read a channel (Slack Connect).

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

FRESH = 300.0  # seconds for which an answer counts; meanwhile a channel may become shared, or unshared
MOST = 1000  # channels that are remembered, at most


@dataclass
class Audiences:
    """Slack's answers, by channel. Threads may share this object. If two need the same answer at once, both ask Slack."""

    client: WebClient
    is_full: bool = False  # whether messages say everything, even to another company
    # The answers, each with the monotonic time until which it counts.
    _known: OrderedDict[ChannelId, tuple[Audience, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_external(self, channel: ChannelId) -> bool:
        """Whether messages in this channel may say only how far a run is. Raises what `of` raises."""
        # Sometimes we can post in a channel about which Slack tells us nothing (ELSEWHERE). Then the message must reveal nothing.
        return not self.is_full and self.of(channel) in (Audience.EXTERNAL, Audience.ELSEWHERE)

    def of(self, channel: ChannelId) -> Audience:
        """Whose people can read the channel: ours only, or those of another company, too.

        Makes one short call to Slack, unless a recent answer is known. Raises NotDelivered if there is no answer, or RateLimited.
        """
        if channel.startswith("D"):
            return Audience.OWN  # a direct message of the bot, which writes only to people of our workspace
        with self._lock:
            found, until = self._known.get(channel, (Audience.UNKNOWN, 0.0))
        if time.monotonic() < until:
            return found
        try:
            answer = call(self.client.conversations_info, is_optional=True, channel=channel)
        except (ChannelClosed, MessageRefused, InstallationRefused) as exc:
            if exc.reason.params.get("error") != "missing_scope":
                return Audience.ELSEWHERE
            found = Audience.UNKNOWN
        except NotDelivered as exc:
            exc.maybe_posted = False  # this call posts nothing
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
    """A pending invitation counts: once it is accepted, the other company can read older messages, too."""
    if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
        return Audience.EXTERNAL
    return Audience.OWN if "is_ext_shared" in channel else Audience.UNKNOWN
