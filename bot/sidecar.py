"""A sidecar leaves the platform's database as it is.

With a database of its own, it only reads the platform's schedules and results: the operator gives it an account that may do no
more (docs/sidecar.md), and what stands here refuses to write, whatever that account may do. In the platform's own database,
`migrate` creates and records only our own tables.
"""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin import sites
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import NotSupportedError, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from bot.conf import PLATFORM

PERMISSIONS = "django.contrib.auth.management.create_permissions"  # dispatch_uid; django/contrib/auth/apps.py
APPS = ("django_celery_beat", "django_celery_results")
READING = frozenset({"SELECT", "SHOW", "EXPLAIN", "PRAGMA", "SET"})  # what Django's introspection needs, too


class Router:
    """For `DATABASE_ROUTERS`. Everything else is in our own database."""

    def db_for_read(self, model: type[models.Model], **_: Any) -> str | None:
        return PLATFORM if model._meta.app_label in APPS else None  # noqa: SLF001  # documented

    db_for_write = db_for_read  # bot.models.database_of asks for it; no such statement gets through

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool | None:
        return False if db == PLATFORM or app_label in APPS else None


def only_read() -> None:
    """Call this when Django starts. Lets no connection to the platform's database write."""
    connection_created.connect(_watch, dispatch_uid="runtask.only_read")


def hide() -> None:
    """Takes the platform's tables out of our admin, which couldn't change them."""
    for site in sites.all_sites:
        for model in apps.get_models():
            if model._meta.app_label in APPS and site.is_registered(model):  # noqa: SLF001  # documented
                site.unregister(model)


def _watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.alias == PLATFORM and _refuse_writing not in connection.execute_wrappers:
        connection.execute_wrappers.append(_refuse_writing)


def _refuse_writing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  # Django's
    [verb, *_] = sql.lstrip("( \n\t").split(maxsplit=1)
    if verb.upper() not in READING:
        raise NotSupportedError(f"a sidecar only reads the platform's database, and makes no {verb} there")
    return execute(sql, params, many, context)


def keep_to(ours: AppConfig) -> None:
    """Lets `migrate` write the content types and permissions of our app only.

    Django writes those of every app that is installed here, but the platform may lack an app or have another version.
    """
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=PERMISSIONS)
    post_migrate.connect(create_contenttypes, sender=ours)
    post_migrate.connect(create_permissions, sender=ours, dispatch_uid=PERMISSIONS)
