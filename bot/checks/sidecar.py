"""Checks of a sidecar against the platform's database. `check --database default` and `migrate` run them.

A project doesn't need them: its `migrate` creates missing tables, and `runtask doctor` looks for missing columns.
"""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.db import Error, connection

from bot.broker.columns import missing_columns
from bot.checks.table import message
from bot.conf import is_apart, is_sidecar

ADMIN_TABLES = ("django_session", "django_admin_log")
SCHEDULES = "django_celery_beat_periodictask"


@register(Tags.database)
def the_platform_fits(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    if not is_sidecar() or not databases:
        return []
    try:
        found = misfits()
        return found if is_apart() or any(one.id == "runtask.E001" for one in found) else found + admin_tables()
    except Error:  # the command itself reports it
        return []


def misfits() -> list[CheckMessage]:
    """Why this sidecar can't work here. Raises DatabaseError."""
    if unfit := mixed_up():
        return unfit
    found = missing_columns()
    if users := [missing for missing in found if missing.is_of_users]:
        return [message("E001", problem=missing.text) for missing in users]
    return [message("W014", problem=missing.text, remedy=missing.hint) for missing in found]


def mixed_up() -> list[CheckMessage]:
    """E002 if `DATABASE_URL` leads to a platform's database, which has beat's table of schedules. Raises DatabaseError."""
    is_so = is_apart() and SCHEDULES in connection.introspection.table_names()
    return [message("E002")] if is_so else []


def admin_tables() -> list[CheckMessage]:
    """The admin of a sidecar that shares the platform's database keeps its sessions and its log in the platform's tables."""
    present = connection.introspection.table_names()
    missing = [name for name in ADMIN_TABLES if name not in present]
    return [message("W015", tables=", ".join(missing))] if missing else []
