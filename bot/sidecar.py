"""Beside a platform, on its database: `migrate` makes and records what is ours, and nothing else."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db.models.signals import post_migrate

PERMISSIONS = "django.contrib.auth.management.create_permissions"  # dispatch_uid; django/contrib/auth/apps.py


def is_sidecar() -> bool:
    return bool(getattr(settings, "RUNTASK_SIDECAR", False))


def keep_to(ours: AppConfig) -> None:
    """After `migrate`, Django writes content types and permissions of every app installed here; now of `ours` alone.

    The platform may lack some of these apps, or have other versions of them.
    """
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=PERMISSIONS)
    post_migrate.connect(create_contenttypes, sender=ours)
    post_migrate.connect(create_permissions, sender=ours, dispatch_uid=PERMISSIONS)
