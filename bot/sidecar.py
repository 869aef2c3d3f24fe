"""A sidecar uses the platform's database. There, `migrate` creates and records only our own tables."""

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db.models.signals import post_migrate

PERMISSIONS = "django.contrib.auth.management.create_permissions"  # dispatch_uid; django/contrib/auth/apps.py


def keep_to(ours: AppConfig) -> None:
    """Lets `migrate` write the content types and permissions of our app only.

    Django writes those of every app that is installed here, but the platform may lack an app or have another version.
    """
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=PERMISSIONS)
    post_migrate.connect(create_contenttypes, sender=ours)
    post_migrate.connect(create_permissions, sender=ours, dispatch_uid=PERMISSIONS)
