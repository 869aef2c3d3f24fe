"""Limits how fast we post. Slack accepts about one message per second and channel, and short bursts.

A channel has a bucket of BURST messages, which refills with one message per second. Each notice stores when its channel's
bucket will be full again. The next notice reads that from the newest one. So all processes of an installation keep one pace.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from bot.core.model import NoticeKind
from bot.models import Notice

# "1 per second", "short bursts over that limit are allowed": docs.slack.dev, apis/web-api/rate-limits
BURST = 3
EACH = timedelta(seconds=1)  # the bucket gets one message back after this time
ONE_LEFT = (BURST - 1) * EACH  # a bucket that will be full again within this time still has at least one message


def with_pace(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Adds `channel_full_at` to the notices: when the bucket of their run's channel is full again. `paced` needs it."""
    in_channel = Notice.objects.filter(installation=OuterRef("installation"), channel=OuterRef("run__channel"))
    newest = in_channel.filter(full_at__isnull=False).order_by("-full_at").values("full_at")[:1]
    return notices.annotate(channel_full_at=Subquery(newest))


@dataclass(frozen=True)
class Paced:
    """Notices that may be sent now, and those that must wait, with the time to look at them again."""

    go: list[Notice] = field(default_factory=list)
    wait: list[tuple[Notice, datetime]] = field(default_factory=list)


def paced(due: Iterable[Any], now: datetime) -> Paced:
    """Decides which of the `due` notices (from `with_pace`) may be sent now, replies before new threads. Sets their `full_at`.

    Slack limits edits separately (chat.update): outbox.EDIT_PACE keeps that limit.
    """
    found, full_at = Paced(), dict[str, datetime]()
    for notice in sorted(due, key=lambda one: one.kind == NoticeKind.ROOT):
        if notice.is_edit:
            found.go.append(notice)
            continue
        # A message to an approver is in a channel of its own, whose older messages aren't looked for.
        channel = notice.recipient or notice.run.channel
        before = None if notice.recipient else notice.channel_full_at
        full = max(full_at.get(channel) or before or now, now)
        full_at[channel] = full + EACH
        if full - now > ONE_LEFT:
            found.wait.append((notice, full - ONE_LEFT))
        else:
            notice.full_at = full + EACH
            found.go.append(notice)
    return found


def after_pause(until: datetime) -> datetime:
    """The `full_at` of a channel in which we may post nothing before `until`."""
    return until + ONE_LEFT
