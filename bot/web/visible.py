"""Limits the admin's lists to runs that the person may see."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import router
from django.db.models import Q
from django.http import HttpRequest

from bot.core.ports import NotSetUp
from bot.models import Run, database_of
from bot.runs import actors
from bot.runs.door import Platform, admit
from bot.runs.refusals import NotAllowed

NOTHING = Q(pk__in=())


def runs(platform: Callable[[], Platform], request: HttpRequest, prefix: str = "") -> Q:
    """The condition for runs that the person may see. `prefix` leads from the listed rows to the run, such as `run__`.

    Superusers see all runs. Others see runs of schedules that they may see, and their own runs of deleted schedules. They see no
    run if the site isn't set up, or if they may see no schedules.
    """
    actor = actors.of_user(request.user)
    if actor.rights.is_superuser:
        return Q()
    try:
        site = platform()
        admitted = admit(site, actor)
    except (NotSetUp, NotAllowed):
        return NOTHING
    hidden = sorted(set(site.catalog.ids()) - admitted.schedules) if admitted.hidden else []
    of_schedule = f"{prefix}schedule_id__in"
    has_schedule = Q(**{of_schedule: _all_ids(site)})
    is_own = Q(**{f"{prefix}user_id": str(actor.user)})
    return (has_schedule & ~Q(**{of_schedule: hidden})) | (~has_schedule & is_own)


def _all_ids(platform: Platform) -> Any:
    """The ids of all schedules. They are a subquery if our tables are in beat's database."""
    beat: Any = apps.get_model("django_celery_beat", "PeriodicTask")
    return beat.objects.values("pk") if router.db_for_read(beat) == database_of(Run) else list(platform.catalog.ids())
