"""Makes Django permissions on beat's schedules that beat itself doesn't define (RUNTASK_ALLOW=permissions)."""

from typing import Any

from django.apps import apps as installed
from django.db import connections, router

from bot.conf import PERMISSIONS, conf, is_sidecar
from bot.env import BadEnvironment

OURS, FIRST = "runtask", "runtask_run"  # our app's label, and a table that it has as long as it isn't migrated to zero
MADE = {
    "run_periodictask": "Can run periodic task",
    "stop_periodictask": "Can stop runs of periodic task",
    "approve_periodictask": "Can approve runs of periodic task",
}


def make(*, using: str, apps: Any = installed, plan: Any = (), **_: Any) -> None:
    """Makes the permissions after `migrate`, if the project has Django's permissions in this database.

    After `migrate runtask zero`, deletes them, also from the users and groups that have them. `apps`: the models after the
    migration. `plan`: what was migrated, and whether backwards.
    """
    needed_apps = ("django.contrib.auth", "django_celery_beat")
    if not all(map(installed.is_installed, needed_apps)) or not _are_wanted():
        return
    try:
        permissions, types = apps.get_model("auth", "Permission"), apps.get_model("contenttypes", "ContentType")
    except LookupError:
        return
    tables = set(connections[using].introspection.table_names())
    needed = {model._meta.db_table for model in (permissions, types)}  # noqa: SLF001  # documented
    if not router.allow_migrate_model(using, permissions) or not needed <= tables:
        return
    if any(backwards and one.app_label == OURS for one, backwards in plan) and FIRST not in tables:
        beats = {"content_type__app_label": "django_celery_beat", "content_type__model": "periodictask"}
        permissions.objects.using(using).filter(codename__in=MADE, **beats).delete()
        return
    of, _ = types.objects.using(using).get_or_create(app_label="django_celery_beat", model="periodictask")
    for codename, name in MADE.items():
        permissions.objects.using(using).get_or_create(content_type=of, codename=codename, defaults={"name": name})


def _are_wanted() -> bool:
    """Whether to make permissions. A sidecar writes to the platform's tables only if RUNTASK_ALLOW says `permissions`."""
    try:
        return not is_sidecar() or conf().allow == PERMISSIONS
    except BadEnvironment:
        return False
