"""The databases: whether they answer, are migrated, have the columns that we read, and can store any text."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django_celery_beat.models import PeriodicTasks

from bot.broker.columns import lacking, missing_columns, read_models
from bot.checks.sidecar import admin_tables, misfits, mixed_up
from bot.conf import PLATFORM, is_apart, is_sidecar
from bot.core import private
from bot.core.text import clip, duration
from bot.doctor import findings
from bot.doctor.findings import Finding, note, ok, problem, some, warning
from bot.doctor.subject import Subject
from bot.env import STANDALONE
from bot.models import Run, database_of
from bot.runs import clock
from bot.web.probes import unwritable

CERTAIN = timedelta(minutes=2)  # a date that is further in the future was read in a wrong zone: clocks differ by less
ZONE_REMEDY = "If the platform has USE_TZ = False, PLATFORM_TIME_ZONE must be its TIME_ZONE."
ABSENT_REMEDY = (
    "A database router has forbidden them (allow_migrate; with django-tenants: SHARED_APPS), or this connection looks into another"
    " schema. Correct that first. If they are still missing: `runtask migrate runtask zero --fake`, then `runtask migrate runtask` (with"
    " django-tenants: `migrate_schemas --shared`)."
)
OLDER_REMEDY = (
    "The form can't show a schedule's last run, or threads can't show how long a task took."
    " An update of django-celery-results there helps."
)


def database(subject: Subject) -> Iterator[Finding]:
    for alias in sorted({database_of(Run), *map(database_of, read_models())}):
        finding = _reached(alias)
        yield finding
        if finding.remedy:
            return
    if "W021" in subject.complaints:
        yield subject.judged("router", "", "W021")
    if complaints := mixed_up():
        yield problem("sidecar", str(complaints[0].msg), str(complaints[0].hint))
        return
    yield findings.clock("the database", clock.ahead().total_seconds())
    yield from _migrations(connections[database_of(Run)], is_forbidden="W021" in subject.complaints)
    yield from _columns()
    yield from _storage(connections[database_of(Run)])
    if "W017" in subject.complaints:
        yield subject.judged("SQLite", "", "W017")
    if is_apart():
        yield from _own_database(connections[PLATFORM])
    elif is_sidecar():
        yield from _shared_database()


def _reached(alias: str) -> Finding:
    connection = connections[alias]
    what = "database" if alias == "default" else f"database {alias}"
    try:
        connection.ensure_connection()
        number = ".".join(str(part) for part in connection.get_database_version())
    except Error as exc:
        variables = {"default": "DATABASE_URL", PLATFORM: "PLATFORM_DATABASE_URL"}
        setting = variables[alias] if settings.SETTINGS_MODULE == STANDALONE else f"DATABASES[{alias!r}]"
        return problem(what, f"can't be reached: {clip(str(exc), 300)}", f"Is it up, and is {setting} right?")
    return ok(what, f"{connection.display_name} {number}")


def _migrations(connection: BaseDatabaseWrapper, *, is_forbidden: bool) -> Iterator[Finding]:
    """`is_forbidden`: a router forbids our tables, so `migrate` would only record the migrations."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    waiting = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    ours = [name for name in waiting if name.startswith("runtask.")]
    if ours:
        remedy = "Correct the router, then run `runtask migrate`." if is_forbidden else "Run `runtask migrate`."
        yield problem("our tables", f"migrations not applied: {some(ours)}", remedy)
    elif absent := _absent(connection):
        yield problem("our tables", f"their migrations are recorded, but there is no {some(absent)}", ABSENT_REMEDY)
    else:
        yield ok("our tables", "all migrations of runtask are applied")
        yield _written()
    if others := [name for name in waiting if name not in ours]:
        yield note("other tables", f"migrations not applied: {some(others)}", "Run `runtask migrate`.")


def _absent(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of our tables that don't exist."""
    metas = [model._meta for model in apps.get_app_config("runtask").get_models(include_auto_created=True)]  # noqa: SLF001  # documented
    wanted = {meta.db_table for meta in metas if meta.managed}
    with connection.cursor() as cursor:
        return sorted(wanted.difference(connection.introspection.table_names(cursor)))


def _written() -> Finding:
    """Writes one row, as `/readyz` does."""
    failure = unwritable("doctor")
    if failure is None:
        return ok("writing", "our tables can be written")
    found = f"our tables can be read, but not written: {clip(str(failure), 300)}"
    remedy = "Is this server a standby, is its disk full, or may this account or process not write?"
    return problem("writing", found, remedy)


def _columns() -> Iterator[Finding]:
    found = missing_columns()
    if absent := [missing for missing in found if not (missing.columns or missing.is_closed)]:
        # If the sidecar shares the platform's database, the table of users is the last one, and its hint matters most.
        hint = absent[-1].hint if is_sidecar() else "Run `runtask migrate`."
        yield problem("tables", f"missing: {some([missing.table for missing in absent])}", hint)
    for missing in found:
        if missing.columns or missing.is_closed:
            yield problem("tables", missing.text, missing.hint)
    if not found:
        yield ok("tables", "those of other apps have every column that runtask reads")


def _storage(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """SQLite: who may read its file, and its WAL mode. MySQL, MariaDB: whether our tables can hold every character."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            yield from _private(Path(connection.settings_dict["NAME"]))
            cursor.execute("PRAGMA journal_mode")
            if cursor.fetchone()[0] == "wal":
                yield note("SQLite", "in WAL mode: for evaluation and small teams on one machine")
            else:
                remedy = 'Set OPTIONS = {"init_command": "PRAGMA journal_mode=WAL"}.'
                yield warning("SQLite", "not in WAL mode: readers and the writer block each other", remedy)
        if connection.vendor == "mysql":
            cursor.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
                " AND table_name LIKE 'runtask%' AND table_collation NOT LIKE 'utf8mb4%'"
            )
            names = [name for (name,) in cursor.fetchall()]
            if names:
                remedy = "ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4 for each of them."
                yield problem("text", f"{some(names)} can't hold every character (no utf8mb4)", remedy)
            else:
                yield ok("text", "utf8mb4: holds every character")


def _private(file: Path) -> Iterator[Finding]:
    """Only warns: runtask doesn't change a file's permissions, because somebody may need them."""
    if private.is_open(file):
        found = f"every user of this machine can read or change {file}"
        yield warning("SQLite file", found, f"chmod 700 {file.parent}; chmod 600 {file}*")


def _shared_database() -> Iterator[Finding]:
    names = ("auth", "contenttypes", "django_celery_beat", "django_celery_results")
    labels = [label for label in names if label in apps.app_configs]
    yield note("sidecar", f"only our own tables are migrated; {some(labels, 4)} are the platform's")
    for message in admin_tables():
        yield warning("sidecar", str(message.msg), str(message.hint))


def _own_database(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Examines a sidecar that has its own database. `connection`: to the platform's database."""
    if misfits():  # `_columns` has reported them
        return
    yield ok("sidecar", "has a database of its own, and only reads the platform's")
    for model in read_models():
        if absent := lacking(model):
            yield note("older results", f"the platform's table has no {some(sorted(absent))}", OLDER_REMEDY)
    yield from _zone(connection)


def _zone(connection: BaseDatabaseWrapper) -> Iterator[Finding]:
    """In which zone dates are read, if the database stores no zones. Only a date in the future proves that this zone is wrong."""
    if connection.features.supports_timezones:
        return
    newest = PeriodicTasks.last_change()  # not `last_run_at`, which beat may write in UTC
    ahead = timedelta(0) if newest is None else newest - clock.now()
    read = f"the platform's dates are read as {connection.timezone_name}"
    if ahead > CERTAIN:
        found = f"{read}, but the last change of a schedule would be {duration(ahead.total_seconds())} ahead"
        yield problem("time zone", found, ZONE_REMEDY)
    else:
        yield note("time zone", read, ZONE_REMEDY)
