"""How fast we post. Slack accepts about one message per second and channel, and short bursts.

A channel has a bucket of BURST messages, which refills with one each second. Each notice stores when the bucket will be full
again after it; the newest of them tells the next one. So all processes of an installation keep one pace.
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
EACH = timedelta(seconds=1)
FULL = (BURST - 1) * EACH  # a bucket that is full again by then still holds a message


def with_pace(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Notices with what `paced` needs to know of their run's channel."""
    there = Notice.objects.filter(installation=OuterRef("installation"), channel=OuterRef("run__channel"))
    newest = there.filter(full_at__isnull=False).order_by("-full_at").values("full_at")[:1]
    return notices.annotate(channel_full_at=Subquery(newest))


@dataclass(frozen=True)
class Paced:
    """Notices that may go now, and when to look at the others again."""

    go: list[Notice] = field(default_factory=list)
    wait: list[tuple[Notice, datetime]] = field(default_factory=list)


def paced(due: Iterable[Any], now: datetime) -> Paced:
    """`due` are notices of `with_pace`. Replies go before new threads. Sets `full_at` of those that go.

    Edits have a limit of their own (chat.update), which outbox.EDIT_PACE keeps.
    """
    found, full_at = Paced(), dict[str, datetime]()
    for notice in sorted(due, key=lambda one: one.kind == NoticeKind.ROOT):
        channel = notice.run.channel
        full = max(full_at.get(channel) or notice.channel_full_at or now, now)
        if notice.kind == NoticeKind.PROGRESS:
            found.go.append(notice)
            continue
        full_at[channel] = full + EACH
        if full - now > FULL:
            found.wait.append((notice, full - FULL))
        else:
            notice.full_at = full + EACH
            found.go.append(notice)
    return found


def after_pause(until: datetime) -> datetime:
    """`full_at` of a channel in which Slack lets us post nothing until then."""
    return until + FULL
