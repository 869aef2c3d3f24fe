"""Keeps a sidecar from changing the platform's tables.

A sidecar with a database of its own only reads the platform's schedules and results. The operator gives it an account that may
only read (docs/sidecar.md). This module refuses statements that write even if the account may. It sets nothing in a session, as
behind a pooler the platform's own processes get the same sessions; Django sets only the time zone and the isolation level.

If a sidecar's tables are in the platform's database, `migrate` creates and records only these.
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

PERMISSIONS = "django.contrib.auth.management.create_permissions"  # Django's dispatch_uid (django/contrib/auth/apps.py)
APPS = ("django_celery_beat", "django_celery_results")
# The first words of the statements that we and Django send there. Statements that write begin with other words, apart from
# rare ones such as SELECT INTO. If one text has several statements, only the first is checked: Django sends two SETs together
# to MySQL.
READS = re.compile(r"[\s(]*(SELECT|SET|SHOW|PRAGMA|BEGIN|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)


class Router:
    """For `DATABASE_ROUTERS`. The platform's models are in its database, all other models in the sidecar's own."""

    def db_for_read(self, model: type[models.Model], **_: Any) -> str | None:
        return PLATFORM if model._meta.app_label in APPS else None  # noqa: SLF001  # documented

    db_for_write = db_for_read  # bot.models.database_of asks for it. `only_read` refuses statements that write

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool | None:
        return False if db == PLATFORM or app_label in APPS else None


def only_read() -> None:
    """Makes each connection to the platform's database refuse statements that write. Call this when Django starts."""
    connection_created.connect(_make_read_only, dispatch_uid="runtask.only_read")


def hide() -> None:
    """Removes the platform's models from the sidecar's admin, which couldn't change them."""
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
    """Makes `migrate` write the content types and permissions of our app only.

    By itself, Django writes those of every app that is installed in the sidecar. The platform may lack an app, or have another
    version of it.
    """
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid=PERMISSIONS)
    post_migrate.connect(create_contenttypes, sender=ours)
    post_migrate.connect(create_permissions, sender=ours, dispatch_uid=PERMISSIONS)
