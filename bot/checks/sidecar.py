"""Checks of a sidecar against the platform's database, as `check --database default` and `migrate` run them.

Only here: in a project its own `migrate` makes what is missing, and `runtask doctor` looks whether it did.
"""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connection

from bot.broker.columns import gaps
from bot.checks import notice
from bot.sidecar import is_sidecar

ADMIN_TABLES = ("django_session", "django_admin_log")


@register(Tags.database)
def the_platform_fits(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """W014: a table or column that is read isn't there. E001: nor are users, to whom our own tables refer."""
    if not is_sidecar() or not databases:
        return []
    try:
        found = gaps(databases)
    except DatabaseError:  # the command itself will say so
        return []
    if nobody := [gap for gap in found if gap.is_of_users]:
        return [Error(gap.text, hint=gap.hint, id="runtask.E001") for gap in nobody]
    return [notice(14, gap.text, gap.hint) for gap in found] + admin_tables()


def admin_tables() -> list[CheckMessage]:
    """W015: the sidecar's own admin keeps its sessions and its log where the platform does."""
    with connection.cursor() as cursor:
        present = connection.introspection.table_names(cursor)
    missing = [name for name in ADMIN_TABLES if name not in present]
    if not missing:
        return []
    text = f"The platform has no {', '.join(missing)}: nobody can use this sidecar's admin."
    return [notice(15, text, "Slack works without it; link people with `runtask staff add`.")]
