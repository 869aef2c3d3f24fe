"""Deletes old runs and their notices, after a time that the operator chooses, references to deleted users, and old counts."""

import logging
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef

from bot.core.status import RunState
from bot.models import ApiToken, Run, SlackLink, Throttle, database_of

log = logging.getLogger(__name__)

OVER = (RunState.FINISHED, RunState.NOT_SENT, RunState.OVERDUE, RunState.UNSEEN)
BATCH = 500  # runs per transaction, so that locks are short


def forget_old_runs(*, keep: timedelta, now: datetime) -> int:
    """Deletes one batch of runs that are over and whose deadline passed before `now - keep`.

    Returns how many; a full batch means that there are more.

    A run whose end is unknown counts as ended at its deadline.
    """
    old = Run.objects.filter(state__in=OVER, created_at__lt=now - keep, deadline_at__lt=now - keep)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if ids:
        Run.objects.filter(pk__in=ids).delete()
        log.info("deleted %s old runs", len(ids))
    return len(ids)


def forget_gone_users() -> None:
    """Removes references to users that another Django has deleted, such as a sidecar's platform."""
    users = get_user_model()
    if database_of(users) != database_of(Run):
        return  # runtask.W010
    gone = ~Exists(users._base_manager.filter(pk=OuterRef("user")))  # noqa: SLF001  # documented: all of them
    for model in (SlackLink, ApiToken):
        model.objects.filter(gone).delete()
    Run.objects.filter(gone, user__isnull=False).update(user=None)


def forget_old_counts(*, now: datetime) -> None:
    """Those of minutes that are long over."""
    Throttle.objects.filter(since__lt=now - timedelta(hours=1)).delete()
