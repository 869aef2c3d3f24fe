"""Whether notices are being delivered, whichever process does that."""

from datetime import datetime, timedelta

from bot.models import Notice, NoticeState

LATE = timedelta(minutes=2)  # if a notice is overdue for longer, no process delivers, or not fast enough
FAILING = 3  # tries


def failing() -> Notice | None:
    """A notice that was tried several times. Its `problem` says why it wasn't delivered."""
    return Notice.objects.filter(state=NoticeState.OWED, attempts__gt=FAILING).order_by("due_at").first()


def late(now: datetime) -> Notice | None:
    """The notice that has waited longest, if that is too long."""
    return Notice.objects.filter(state=NoticeState.OWED, due_at__lt=now - LATE).order_by("due_at").first()
