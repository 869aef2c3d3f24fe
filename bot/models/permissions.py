"""Django's permissions on beat's schedules that beat itself doesn't have (RUNTASK_ALLOW=permissions)."""

from typing import Any

from django.apps import apps
from django.db import connections, router

MADE = {
    "run_periodictask": "Can run periodic task",
    "stop_periodictask": "Can stop runs of periodic task",
    "approve_periodictask": "Can approve runs of periodic task",
}


def make(*, using: str, **_: Any) -> None:
    """After `migrate`. Only where the tables of permissions are: a project may have them elsewhere, or not at all."""
    if not apps.is_installed("django.contrib.auth") or not apps.is_installed("django_celery_beat"):
        return
    permissions: Any = apps.get_model("auth", "Permission")
    types: Any = apps.get_model("contenttypes", "ContentType")
    tables = set(connections[using].introspection.table_names())
    needed = {model._meta.db_table for model in (permissions, types)}  # noqa: SLF001  # documented
    if not router.allow_migrate_model(using, permissions) or not needed <= tables:
        return
    of, _ = types.objects.using(using).get_or_create(app_label="django_celery_beat", model="periodictask")
    for codename, name in MADE.items():
        permissions.objects.using(using).get_or_create(content_type=of, codename=codename, defaults={"name": name})
