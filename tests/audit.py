"""Reads the audit log for tests."""

from typing import Any

from django.db.models import QuerySet

from bot.models import AuditRecord, database_of


def records(**chosen: Any) -> list[AuditRecord]:
    """The records in the order in which they were appended."""
    return list(AuditRecord.objects.select_related("person", "about").filter(**chosen).order_by("pk"))


def told(**chosen: Any) -> list[tuple[str, str, str]]:
    """Action, entry and person of each record; the person is empty if nobody acted."""
    return [(row.action, row.entry, str(row.person or "")) for row in records(**chosen)]


def filled(rows: list[AuditRecord]) -> None:
    """Inserts many records at once; the log itself appends them one by one."""
    everything: Any = QuerySet(AuditRecord, using=database_of(AuditRecord))
    everything.bulk_create(rows, batch_size=2000)
