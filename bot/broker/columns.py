"""Finds columns that runtask reads and that the platform's tables don't have.

The ORM selects every field of the installed packages' models. A sidecar whose django-celery-beat, -results or Django is
newer than the platform's asks for columns that don't exist there. Additional columns do no harm: we only read.

A sidecar with its own database doesn't need the columns in `SPARED`, so it also works with older platforms.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, ProgrammingError, connections
from django.db.migrations import AddField, RenameField
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from bot.conf import PLATFORM, is_apart
from bot.models import database_of

SCHEDULES = ("PeriodicTask", "PeriodicTasks", "IntervalSchedule", "CrontabSchedule", "SolarSchedule", "ClockedSchedule")
DISTRIBUTIONS = {
    "auth": "Django",
    "django_celery_beat": "django-celery-beat",
    "django_celery_results": "django-celery-results",
}
# Columns of the results' table. django-celery-results has the first since 2.3, and the second since 2.6. Without the first, the
# form shows no last run. Without the second, threads show no duration.
SPARED = frozenset({"periodic_task_name", "date_started"})
NO_USERS = (
    "Is this the platform's database? A platform with a user model of its own has no auth_user:"
    " give the sidecar a database of its own (docs/sidecar.md)."
)

Columns = frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """The columns that a table lacks. With no `columns`, the table itself is missing."""

    app: str
    table: str
    alias: str
    columns: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()  # the installed package's migrations that add the columns
    applied: str = ""  # the platform's newest migration of that app
    is_closed: bool = False  # whether the table is there, but this account may not read it

    @property
    def text(self) -> str:
        """One sentence that names what is missing."""
        if self.is_closed:
            return f"This account may not read the table {self.table}."
        if not self.columns:
            return f"The database '{self.alias}' has no table {self.table}, which runtask reads."
        return f"The table {self.table} has no {' and no '.join(self.columns)}, which runtask reads."

    @property
    def is_of_users(self) -> bool:
        """Whether Django's own table of users is missing."""
        return self.app == "auth" and not self.columns and not self.is_closed

    @property
    def hint(self) -> str:
        """A hint that names the fitting versions, and says what to do."""
        name = DISTRIBUTIONS.get(self.app, self.app)
        if self.is_closed:
            return f"The owner of the table can allow it: GRANT SELECT ON {self.table} TO …"
        if self.is_of_users:
            return NO_USERS
        if not self.columns:
            rights = " Otherwise, let this account read it." if self.alias == PLATFORM else ""
            return f"Is this the platform's database? If so, run the platform's migrations ({self.app}).{rights}"
        here = f"{name} {_version(name)}"
        added = f" Its migration {', '.join(self.migrations)} adds what is missing." if self.migrations else ""
        applied = f" The platform has applied {self.applied}." if self.applied else ""
        return (
            f"{here} is installed here.{added}{applied} Install the platform's version of {name} here,"
            f" or update {name} on the platform and migrate."
        )


def read_models() -> list[type[Model]]:
    """The platform's models that we read, as far as they are installed: schedules, results, users."""
    labels = [f"django_celery_beat.{name}" for name in SCHEDULES]
    labels += ["django_celery_results.TaskResult", *([] if is_apart() else [settings.AUTH_USER_MODEL])]
    return [apps.get_model(label) for label in labels if label.partition(".")[0] in apps.app_configs]


@cache
def lacking(model: type[Model]) -> frozenset[str]:
    """The names of the fields in `SPARED` that the platform's table doesn't have. Raises DatabaseError.

    Asks the database once per process, so the sidecar must be restarted after an update of the platform.
    """
    meta = model._meta  # noqa: SLF001  # documented
    present = _columns(database_of(model), meta.db_table) if is_apart() else None
    if present is None:
        return frozenset()
    return frozenset(
        field.name for field in meta.concrete_fields if field.name in SPARED and field.column not in present
    )


def missing_columns(aliases: Iterable[str] | None = None) -> list[Missing]:
    """What is missing in the databases `aliases`, by default in all that we read. Raises DatabaseError."""
    return [missing for model in read_models() for missing in _missing_of(model, aliases)]


def _missing_of(model: type[Model], aliases: Iterable[str] | None) -> Iterator[Missing]:
    alias, meta = database_of(model), model._meta  # noqa: SLF001  # documented
    if aliases is not None and alias not in aliases:
        return
    try:
        present = _columns(alias, meta.db_table)
    except ProgrammingError:  # PostgreSQL lists tables that this account may not read, too
        yield Missing(app=meta.app_label, table=meta.db_table, alias=alias, is_closed=True)
        return
    spared = SPARED if is_apart() else frozenset()
    wanted = [field for field in meta.concrete_fields if field.column and field.name not in spared]
    absent = [field for field in wanted if present is not None and field.column not in present]
    if present is None:
        yield Missing(app=meta.app_label, table=meta.db_table, alias=alias)
    elif absent:
        names = {field.name for field in absent}
        yield Missing(
            app=meta.app_label,
            table=meta.db_table,
            alias=alias,
            columns=tuple(str(field.column) for field in absent),
            migrations=tuple(_migrations_adding(meta.app_label, str(meta.model_name), names)),
            applied=_newest_applied(alias, meta.app_label),
        )


def _columns(alias: str, table: str) -> Columns | None:
    """The table's columns, or None if the table doesn't exist."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor, include_views=True):
            return None
        return frozenset(column.name for column in connection.introspection.get_table_description(cursor, table))


def _migrations_adding(app: str, model: str, fields: set[str]) -> Iterator[str]:
    """The installed package's migrations that add any of these fields.

    We load them ourselves: in a sidecar, Django sees no migrations of the platform's apps (bot.settings, MIGRATION_MODULES).
    """
    package = f"{apps.get_app_config(app).name}.migrations"
    try:
        names = sorted(info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__))
    except ImportError:
        return
    for name in names:
        for operation in importlib.import_module(f"{package}.{name}").Migration.operations:
            if _added_field(operation, model) in fields:
                yield name


def _added_field(operation: Operation, model: str) -> str | None:
    """The name of the field that an operation adds to this model. None: it adds no field to it."""
    if not isinstance(operation, (AddField, RenameField)) or operation.model_name.lower() != model:
        return None
    return operation.new_name if isinstance(operation, RenameField) else operation.name


def _newest_applied(alias: str, app: str) -> str:
    """The name of the app's newest applied migration. Empty: this account may not read the platform's record of migrations."""
    try:
        applied = MigrationRecorder(connections[alias]).applied_migrations()
    except DatabaseError:
        return ""
    return max((name for label, name in applied if label == app), default="")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "of unknown version"
