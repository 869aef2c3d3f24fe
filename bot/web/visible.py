"""Limits the admin's lists to runs that the person may see."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import router
from django.db.models import Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from bot.core.ports import NotSetUp
from bot.models import Run, database_of
from bot.runs import actors, own
from bot.runs.door import Admitted, Platform, admit
from bot.runs.refusals import NotAllowed

OWN = 10_000  # the actor's own runs that are looked at for those of deleted schedules, at most
NOTHING = Q(pk__in=())


def runs(platform: Callable[[], Platform], request: HttpRequest, prefix: str = "") -> Q:
    """The condition for runs that the person may see. `prefix` leads from the listed rows to the run, such as `run__`.

    Superusers see all runs. Others see runs of schedules that they may see, and their own runs of deleted schedules, unless a rule
    hides these. If rules hide anything from them, old runs of deleted schedules are missing (`_own_of_deleted`). They see no run
    if the site isn't set up, or if they may see no schedules.
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
    if not admitted.hidden:
        return has_schedule | Q(**{f"{prefix}user_id": str(actor.user)})
    existing = set(site.catalog.ids())
    is_hidden = Q(**{of_schedule: sorted(existing - admitted.schedules)})
    return (has_schedule & ~is_hidden) | Q(**{f"{prefix}pk__in": _own_of_deleted(admitted, _all_ids(site))})


def _own_of_deleted(admitted: Admitted, all_ids: Any) -> list[int]:
    """The actor's own runs of deleted schedules that no rule hides. `all_ids`: of the schedules that exist.

    SQL can't match globs, so this reads names and tasks. It doesn't read them with DISTINCT: for many databases, `a` and `A` are
    the same, but not for globs. Looks only at the newest OWN of the actor's runs, so the list lacks older ones, whatever it is
    filtered by.
    """
    runs = own.of(str(admitted.actor.user))
    oldest = Coalesce(Subquery(runs.values("pk")[OWN - 1 : OWN]), 0)
    rows = runs.filter(pk__gte=oldest).exclude(schedule_id__in=all_ids)
    return admitted.seen_of_deleted(
        Run(**row) for row in rows.values("pk", "user_id", "schedule_id", "schedule_name", "task")
    )


def _all_ids(platform: Platform) -> Any:
    """The ids of all schedules. They are a subquery if our tables are in beat's database."""
    beat: Any = apps.get_model("django_celery_beat", "PeriodicTask")
    return beat.objects.values("pk") if router.db_for_read(beat) == database_of(Run) else list(platform.catalog.ids())
