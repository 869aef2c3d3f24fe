"""Limits the admin's lists to runs of schedules that the person may see."""

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
    """The condition for runs. `prefix` leads to the run. Superusers see all runs; others see none if nothing is set up."""
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
    there = Q(**{of_schedule: _all(site)})
    own = Q(**{f"{prefix}user_id": str(actor.user)})
    return (there & ~Q(**{of_schedule: hidden})) | (~there & own)


def _all(platform: Platform) -> Any:
    """The ids of all schedules. They are a subquery if our tables are in beat's database."""
    beat: Any = apps.get_model("django_celery_beat", "PeriodicTask")
    return beat.objects.values("pk") if router.db_for_read(beat) == database_of(Run) else list(platform.catalog.ids())
