"""The audit log: appends records, in the transaction that makes them true, and shows them as JSON values.

A record usually costs one statement: the INSERT itself looks up the person's row. No process caches people, so none can bring
back a person whom another process has forgotten.
"""

import json
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import connections, transaction

from bot.conf import secret_keys
from bot.core.audit import Act, PersonId, Record, Who
from bot.core.ids import is_id
from bot.core.secrets import Secrets
from bot.core.text import clean
from bot.models import AuditRecord, Person, database_of
from bot.runs import clock, people

# For programs: one JSON object per line, like those of `runtask audit --json`, but without people's names.
log = logging.getLogger("runtask.audit")

FIELDS: list[Any] = [one for one in AuditRecord._meta.concrete_fields if one.attname not in ("id", "person_id")]  # noqa: SLF001


def append(record: Record, *, same: str | None = None) -> None:
    """Call this inside the transaction that makes the record true.

    `same`: a digest by which equal refusals are found (bot.runs.denials). It is unique: a second one raises IntegrityError.
    """
    alias = database_of(AuditRecord)
    if not connections[alias].in_atomic_block:
        raise transaction.TransactionManagementError("An audit record belongs to a transaction.")
    row = AuditRecord(
        at=clock.now(),
        action=record.act,
        about_id=record.about,
        entry=record.entry,
        schedule_id=_key(record.schedule),
        schedule_name=record.schedule_name,
        run_id=_key(record.run),
        installation=record.installation,
        same=same,
        details=_safe(record.details, Secrets(keys=secret_keys())),
    )
    if record.who is None:
        _insert(row, "", [])
    elif not _insert(row, "WHERE {key} = %s AND name = %s", [record.who.key, people.fitting(record.who)["name"]]):
        people.remember(record.who)
        if not _insert(row, "WHERE {key} = %s", [record.who.key]):
            raise Person.DoesNotExist(record.who.key)
    if log.isEnabledFor(logging.INFO):
        about = {"id": record.about} if record.about else None
        line = json.dumps(_shown(row, _account(record.who), about))
        transaction.on_commit(partial(log.info, "%s", line), using=alias)


def requester(run: int) -> PersonId | None:
    """The person who asked for a run. None: the audit log has no record of that any more."""
    asked = AuditRecord.objects.filter(run_id=run, action=Act.RUN_ASKED).order_by("-at", "-id")
    found = asked.values_list("person_id", flat=True).first()
    return None if found is None else PersonId(found)


def _key(number: int | None) -> int | None:
    """The number, or None if no row can have it: it may come from a forged form or address."""
    return number if number is not None and is_id(number) else None


def _insert(row: AuditRecord, where: str, by: list[str]) -> bool:
    """Inserts the record with the person's row that `where` finds. False: there is no such person, and nothing is inserted."""
    connection = connections[database_of(AuditRecord)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(name) for name in [*(field.column for field in FIELDS), "person_id"])
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in FIELDS]
    source = f"FROM runtask_person {where.format(key=quote('key'))}" if where else ""
    person = "id" if where else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO runtask_auditrecord ({columns}) SELECT {', '.join(['%s'] * len(FIELDS))}, {person} {source}",
            [*values, *by],
        )
        return bool(cursor.rowcount)


def _safe(value: Any, secrets: Secrets) -> Any:
    """Removes secrets from texts, and characters that a database or a terminal can't take.

    A detail's name masks nothing: a site whose secret keys contain `code` must still see the codes.
    """
    if isinstance(value, str):
        return clean(secrets.text(value))
    if isinstance(value, Mapping):
        return {clean(str(key)): _safe(inner, secrets) for key, inner in value.items()}
    return [_safe(inner, secrets) for inner in value] if isinstance(value, (list, tuple)) else value


def shown(row: AuditRecord) -> dict[str, Any]:
    """The record as a JSON object. Its names and the shapes of its values are stable."""
    return _shown(row, _person(row.person), _person(row.about))


def _shown(row: AuditRecord, person: Any, about: Any) -> dict[str, Any]:
    schedule = {"id": row.schedule_id, "name": row.schedule_name}
    return {
        "at": clock.iso(row.at),
        "action": row.action,
        "person": person,
        "entry": row.entry,
        "schedule": schedule if row.schedule_id is not None else None,
        "run": row.run_id,
        "installation": row.installation or None,
        "count": row.count,
        "details": {**row.details, "about": about} if about else row.details,
    }


def _person(row: Person | None) -> dict[str, Any] | None:
    return None if row is None else {"id": row.pk, **{name: getattr(row, name) or None for name in people.COLUMNS}}


def _account(who: Who | None) -> dict[str, Any] | None:
    """The person's keys, without the user's name: nothing can be removed from a log later."""
    return (
        None
        if who is None
        else {name: value for name, value in people.fitting(who).items() if value and name != "name"}
    )
