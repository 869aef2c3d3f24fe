"""Whether notices are delivered in time. It doesn't matter which process delivers them.

`of` is the installation whose notices are meant; empty: all installations.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from bot.core.model import InstallationId
from bot.models import Notice, NoticeState
from bot.runs import installations
from bot.runs.installations import NAMELESS

LATE = timedelta(minutes=2)  # if a notice is overdue for longer, no process delivers notices, or they are too slow
FAILING = 3  # a notice counts as failing if more tries than these have failed
TOLD = timedelta(hours=1)  # how long a parked notice is reported


def failing(of: InstallationId = NAMELESS) -> Notice | None:
    """The first notice that failed more than FAILING times. Its `problem` says why it wasn't delivered."""
    return _notices(of, NoticeState.OWED).filter(attempts__gt=FAILING).order_by("due_at").first()


def late(now: datetime, of: InstallationId = NAMELESS) -> Notice | None:
    """The notice that has waited longest, if it has waited for longer than LATE."""
    return _notices(of, NoticeState.OWED).filter(due_at__lt=now - LATE).order_by("due_at").first()


def parked(now: datetime, of: InstallationId = NAMELESS) -> Notice | None:
    """The newest of the notices that were parked within the last hour."""
    return _notices(of, NoticeState.PARKED).filter(due_at__gt=now - TOLD).order_by("-due_at").first()


def nameless(now: datetime) -> Notice | None:
    """A notice that waits because nobody knows its installation."""
    waiting = Notice.objects.filter(installation=NAMELESS, state=NoticeState.OWED, due_at__lt=now - LATE)
    return waiting.order_by("due_at").first()


def _notices(of: InstallationId, state: NoticeState) -> QuerySet[Notice]:
    """Notices in this state. The condition names all installations, because the index begins with them."""
    return Notice.objects.filter(installation__in=[of] if of else installations.named(), state=state)
