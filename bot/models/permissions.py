"""Makes Django permissions on beat's schedules that beat itself doesn't define (RUNTASK_ALLOW=permissions)."""

from typing import Any

from django.apps import apps as installed
from django.db import connections, router

from bot.conf import PERMISSIONS, conf, is_sidecar
from bot.env import BadEnvironment

APP_LABEL = "runtask"
RUN_TABLE = "runtask_run"  # our app has this table as long as it isn't migrated to zero
MADE = {
    "run_periodictask": "Can run periodic task",
    "stop_periodictask": "Can stop runs of periodic task",
    "approve_periodictask": "Can approve runs of periodic task",
}


def make(*, using: str, apps: Any = installed, plan: Any = (), **_: Any) -> None:
    """Makes the permissions after `migrate`, if the project has Django's permissions in this database.

    After `migrate runtask zero`, deletes them, also from the users and groups that have them. `apps`: the models after the
    migration. `plan`: pairs of a migration, and whether it was undone.
    """
    needed_apps = ("django.contrib.auth", "django_celery_beat")
    if not all(map(installed.is_installed, needed_apps)) or not _are_wanted():
        return
    try:
        permissions = apps.get_model("auth", "Permission")
        types = apps.get_model("contenttypes", "ContentType")
    except LookupError:
        return
    tables = set(connections[using].introspection.table_names())
    needed = {model._meta.db_table for model in (permissions, types)}  # noqa: SLF001  # documented
    if not router.allow_migrate_model(using, permissions) or not needed <= tables:
        return
    if any(backwards and migration.app_label == APP_LABEL for migration, backwards in plan) and RUN_TABLE not in tables:
        of_schedules = {"content_type__app_label": "django_celery_beat", "content_type__model": "periodictask"}
        permissions.objects.using(using).filter(codename__in=MADE, **of_schedules).delete()
        return
    schedules, _ = types.objects.using(using).get_or_create(app_label="django_celery_beat", model="periodictask")
    for codename, name in MADE.items():
        permissions.objects.using(using).get_or_create(
            content_type=schedules, codename=codename, defaults={"name": name}
        )


def _are_wanted() -> bool:
    """Whether to make permissions. A sidecar writes to the platform's tables only if RUNTASK_ALLOW says `permissions`."""
    try:
        return not is_sidecar() or conf().allow == PERMISSIONS
    except BadEnvironment:
        return False
