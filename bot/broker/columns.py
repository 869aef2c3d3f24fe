"""Whether the platform's tables have the columns that are read here.

The ORM selects every field of the installed package's models, so a sidecar whose django-celery-beat, -results or Django
is newer than the platform's asks for columns that aren't there. More columns than known do no harm: the platform's
rows are only read.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.migrations import AddField, RenameField
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from bot.models import database_of

SCHEDULES = ("PeriodicTask", "PeriodicTasks", "IntervalSchedule", "CrontabSchedule", "SolarSchedule", "ClockedSchedule")
DISTRIBUTIONS = {
    "auth": "Django",
    "django_celery_beat": "django-celery-beat",
    "django_celery_results": "django-celery-results",
}
NO_USERS = (
    "Is this the platform's database? A platform with a user model of its own has no auth_user:"
    " install runtask into that project instead (docs/sidecar.md)."
)

Columns = frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """What a table lacks of what is read from it; without `columns` it isn't there at all."""

    app: str
    table: str
    alias: str
    columns: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()  # of the installed package, which bring the columns
    applied: str = ""  # the platform's newest migration of that app

    @property
    def text(self) -> str:
        """One sentence."""
        if not self.columns:
            return f"The database '{self.alias}' has no table {self.table}, which runtask reads."
        return f"The table {self.table} has no {' and no '.join(self.columns)}, which runtask reads."

    @property
    def is_of_users(self) -> bool:
        """Whether there are no users as Django ships them."""
        return self.app == "auth" and not self.columns

    @property
    def hint(self) -> str:
        """What fits, and what to do."""
        name = DISTRIBUTIONS.get(self.app, self.app)
        if self.is_of_users:
            return NO_USERS
        if not self.columns:
            return f"Is this the platform's database? If so, run the platform's migrations ({self.app})."
        here = f"{name} {_version(name)}"
        brought = f", whose migration {', '.join(self.migrations)} brings it" if self.migrations else ""
        there = f"; the platform has applied {self.applied}" if self.applied else ""
        return (
            f"Read with {here}{brought}{there}. Install the same {name} here as on the platform,"
            " or update it there and migrate."
        )


def read_models() -> list[type[Model]]:
    """Of the platform, as far as installed: schedules with their kinds, results, users."""
    labels = [f"django_celery_beat.{name}" for name in SCHEDULES]
    labels += ["django_celery_results.TaskResult", settings.AUTH_USER_MODEL]
    return [apps.get_model(label) for label in labels if label.partition(".")[0] in apps.app_configs]


def gaps(aliases: Iterable[str] | None = None) -> list[Gap]:
    """In the databases `aliases`, or all that are read. Raises DatabaseError where one can't be asked."""
    return [gap for model in read_models() for gap in _gaps(model, aliases)]


def _gaps(model: type[Model], aliases: Iterable[str] | None) -> Iterator[Gap]:
    alias, meta = database_of(model), model._meta  # noqa: SLF001  # documented
    if aliases is not None and alias not in aliases:
        return
    present = _columns(alias, meta.db_table)
    wanted = [field for field in meta.concrete_fields if field.column]
    missing = [field for field in wanted if present is not None and field.column not in present]
    if present is None:
        yield Gap(app=meta.app_label, table=meta.db_table, alias=alias)
    elif missing:
        names = {field.name for field in missing}
        yield Gap(
            app=meta.app_label,
            table=meta.db_table,
            alias=alias,
            columns=tuple(str(field.column) for field in missing),
            migrations=tuple(bringing(meta.app_label, str(meta.model_name), names)),
            applied=_newest_applied(alias, meta.app_label),
        )


def _columns(alias: str, table: str) -> Columns | None:
    """None if the table isn't there."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor, include_views=True):
            return None
        return frozenset(column.name for column in connection.introspection.get_table_description(cursor, table))


def bringing(app: str, model: str, fields: set[str]) -> Iterator[str]:
    """The installed package's migrations that add any of these fields.

    Loaded by hand: in a sidecar Django sees no migrations of the platform's apps (bot.settings, MIGRATION_MODULES).
    """
    package = f"{apps.get_app_config(app).name}.migrations"
    try:
        names = sorted(info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__))
    except ImportError:
        return
    for name in names:
        for operation in importlib.import_module(f"{package}.{name}").Migration.operations:
            if _added(operation, model) in fields:
                yield name


def _added(operation: Operation, model: str) -> str | None:
    """The field that an operation gives this model."""
    if not isinstance(operation, (AddField, RenameField)) or operation.model_name.lower() != model:
        return None
    return operation.new_name if isinstance(operation, RenameField) else operation.name


def _newest_applied(alias: str, app: str) -> str:
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return max((name for label, name in applied if label == app), default="")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "of unknown version"
