"""Whether notices get out, by whichever process delivers them."""

from datetime import datetime, timedelta

from bot.models import Notice, NoticeState

LATE = timedelta(minutes=2)  # due for so long: nobody delivers, or not fast enough
FAILING = 3  # tries


def failing() -> Notice | None:
    """One that was tried again and again; `problem` says why it didn't get out."""
    return Notice.objects.filter(state=NoticeState.OWED, attempts__gt=FAILING).order_by("due_at").first()


def late(now: datetime) -> Notice | None:
    """The one that waits longest, if that is too long."""
    return Notice.objects.filter(state=NoticeState.OWED, due_at__lt=now - LATE).order_by("due_at").first()
