"""Limits the admin's lists to runs that the person may see."""

from collections.abc import Callable, Collection
from typing import Any

from django.apps import apps
from django.db import router
from django.db.models import Q
from django.http import HttpRequest

from bot.core.ports import NotSetUp
from bot.models import Run, database_of
from bot.runs import actors, own
from bot.runs.door import Admitted, Platform, admit
from bot.runs.refusals import NotAllowed
from bot.web.history import COUNTED

NOTHING = Q(pk__in=())


def runs(platform: Callable[[], Platform], request: HttpRequest, prefix: str = "") -> Q:
    """The condition for runs that the person may see. `prefix` leads from the listed rows to the run, such as `run__`.

    Superusers see all runs. Others see runs of schedules that they may see, and their own runs of deleted schedules, unless a rule
    hides these. They see no run if the site isn't set up, or if they may see no schedules.
    """
    actor = actors.of_user(request.user)
    if actor.rights.is_superuser:
        return Q()
    try:
        site = platform()
        admitted = admit(site, actor)
    except (NotSetUp, NotAllowed):
        return NOTHING
    of_schedule = f"{prefix}schedule_id__in"
    has_schedule = Q(**{of_schedule: _all_ids(site)})
    is_own = Q(**{f"{prefix}user_id": str(actor.user)})
    if not admitted.hidden:
        return has_schedule | is_own
    existing = set(site.catalog.ids())
    is_hidden = Q(**{of_schedule: sorted(existing - admitted.schedules)})
    is_shown = Q(**{f"{prefix}pk__in": _own_of_deleted(admitted, existing)})
    return (has_schedule & ~is_hidden) | (~has_schedule & is_own & is_shown)


def _own_of_deleted(admitted: Admitted, existing: Collection[int]) -> list[int]:
    """The actor's own runs of deleted schedules that no rule hides. Of the actor's runs, only the newest COUNTED are looked at.

    SQL can't match globs, so this reads names and tasks.
    """
    rows = own.of(str(admitted.actor.user)).values_list("pk", "schedule_id", "schedule_name", "task")[:COUNTED]
    return [
        pk
        for pk, schedule, name, task in rows
        if schedule not in existing and not any(globs.match(name, task) for globs in admitted.hidden)
    ]


def _all_ids(platform: Platform) -> Any:
    """The ids of all schedules. They are a subquery if our tables are in beat's database."""
    beat: Any = apps.get_model("django_celery_beat", "PeriodicTask")
    return beat.objects.values("pk") if router.db_for_read(beat) == database_of(Run) else list(platform.catalog.ids())
