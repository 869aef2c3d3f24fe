"""A sidecar leaves the platform's database as it is.

With a database of its own, it only reads the platform's schedules and results. The operator gives it an account that may only
read (docs/sidecar.md). This module refuses to write even if the account may. Apart from what Django sets on each connection (time
zone, isolation level), it sets nothing in a session: behind a pooler, the platform's own processes get the same sessions. If our
tables are in the platform's database, `migrate` creates and records only these.
"""

import re
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin import sites
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import DatabaseError, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from bot.conf import PLATFORM

PERMISSIONS = "django.contrib.auth.management.create_permissions"  # dispatch_uid; django/contrib/auth/apps.py
APPS = ("django_celery_beat", "django_celery_results")
# The first words of the statements that we and Django send there, and of no statement that writes. Of several statements in one
# text, only the first is looked at: Django's driver for MySQL sends two SETs together.
READS = re.compile(r"[\s(]*(SELECT|SET|SHOW|PRAGMA|BEGIN|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)


class Router:
    """Sends queries of the platform's models to its database. All other models are in ours. For `DATABASE_ROUTERS`."""

    def db_for_read(self, model: type[models.Model], **_: Any) -> str | None:
        return PLATFORM if model._meta.app_label in APPS else None  # noqa: SLF001  # documented

    db_for_write = db_for_read  # for bot.models.database_of; `only_read` refuses to write

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool | None:
        return False if db == PLATFORM or app_label in APPS else None


def only_read() -> None:
    """Call this when Django starts. Makes each connection to the platform's database refuse to write."""
    connection_created.connect(_make_read_only, dispatch_uid="runtask.only_read")


def hide() -> None:
    """Takes the platform's tables out of our admin, which couldn't change them."""
    for site in sites.all_sites:
        for model in apps.get_models():
            if model._meta.app_label in APPS and site.is_registered(model):  # noqa: SLF001  # documented
                site.unregister(model)


def _make_read_only(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.alias == PLATFORM and _unless_it_writes not in connection.execute_wrappers:
        connection.execute_wrappers.append(_unless_it_writes)


def _unless_it_writes(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  # Django's
    """Executes the statement only if it reads (docs.djangoproject.com: topics/db/instrumentation)."""
    if READS.match(str(sql)) is None:
        raise DatabaseError("runtask only reads the platform's database, and has not sent it this statement")
    return execute(sql, params, many, context)


def keep_to(ours: AppConfig) -> None:
    """Lets `migrate` write the content types and permissions of our app only.

    Django writes those of every app that is installed here, but the platform may lack an app or have another version.
    """
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=PERMISSIONS)
    post_migrate.connect(create_contenttypes, sender=ours)
    post_migrate.connect(create_permissions, sender=ours, dispatch_uid=PERMISSIONS)
