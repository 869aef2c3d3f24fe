"""Forgetting what is over: runs, with their notices, after a time that the operator chooses; and who is gone."""

import logging
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef

from bot.core.status import RunState
from bot.models import ApiToken, Run, SlackLink, database_of

log = logging.getLogger(__name__)

OVER = (RunState.FINISHED, RunState.NOT_SENT, RunState.OVERDUE)
BATCH = 500  # runs per transaction, so that nobody waits long for the lock


def forget_old_runs(*, keep: timedelta, now: datetime) -> int:
    """Delete one batch of runs that were over before `now - keep`; returns how many, so that a full batch means more.

    A run whose end was never seen is over when its deadline has long passed.
    """
    old = Run.objects.filter(state__in=OVER, created_at__lt=now - keep, deadline_at__lt=now - keep)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if ids:
        Run.objects.filter(pk__in=ids).delete()
        log.info("forgot %s runs", len(ids))
    return len(ids)


def forget_gone_users() -> None:
    """Take out what refers to users who were deleted past this Django, as a sidecar's platform does."""
    users = get_user_model()
    if database_of(users) != database_of(Run):
        return  # runtask.W010
    gone = ~Exists(users._base_manager.filter(pk=OuterRef("user")))  # noqa: SLF001  # documented: all of them
    for model in (SlackLink, ApiToken):
        model.objects.filter(gone).delete()
    Run.objects.filter(gone, user__isnull=False).update(user=None)
