"""A sidecar in a platform's database changes nothing of the platform's, and says what doesn't fit."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.faults.setups import POSTGRES
from tests.support import needs
from tests.support.sidecar import APPS, Platform

PEOPLE = """
from django.contrib.auth.models import AbstractUser
class Person(AbstractUser):
    pass
"""
FILL = """
from django.contrib.auth.models import User
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_results.models import TaskResult
call_command("migrate", verbosity=0)
User.objects.create_user("ana", "ana@example.com", "ana", is_staff=True)
every, _ = IntervalSchedule.objects.get_or_create(every=1, period="days")
PeriodicTask.objects.create(name="nightly", task="shop.nightly", interval=every)
TaskResult.objects.create(task_id="t1", status="SUCCESS")
"""
TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
FURTHER_PEOPLE = """
from django.contrib.auth.models import Group, User
User.objects.get(username="ana").groups.add(Group.objects.create(name="operators"))
User.objects.create_superuser("boss", "boss@example.com", "boss")
"""
PERMIT = """
INSERT INTO auth_user_user_permissions (user_id, permission_id)
SELECT u.id, p.id FROM auth_user u, auth_permission p
WHERE u.username = 'ana' AND p.codename IN ('view_periodictask', 'run_periodictask')
"""
RUN = """
from uuid import uuid4
from bot import wiring
from bot.core.entry import Entry
from bot.core.model import RunRequest
from bot.runs import actors, start
from bot.runs.door import admit
from bot.runs.budget import Budget
from django.contrib.auth.models import User
ana = actors.of_user(User.objects.get(username="ana"), entry=Entry.SLACK)
asked = RunRequest(key=str(uuid4()), schedule=1, args=None, kwargs=None, fingerprint=None)
run = start.start(admit(wiring.platform(), ana), asked, Budget(5))
run.refresh_from_db()
print("state:", run.state)
"""
LOG_IN = """
from django.test import Client
client = Client(HTTP_HOST="localhost")
pages = ("/admin/", "/admin/runtask/run/", "/admin/django_celery_beat/periodictask/", "/", "/?schedule=1")
answers = [client.post("/admin/login/", {"username": "boss", "password": "boss"}), *map(client.get, pages)]
link = {"team": "T1", "slack_user": "U2", "user": "1"}
answers += [client.post("/admin/runtask/slacklink/add/", link), client.post("/admin/logout/")]
print(*(answer.status_code for answer in answers))
"""


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.nightly), "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database for the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'platform.sqlite3'}"
        return
    name = f"runtask_sidecar_{uuid4().hex[:8]}"
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as exc:
        needs.lacks(f"PostgreSQL: {exc}")
    with server:
        server.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield POSTGRES.rpartition("/")[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def schema(platform: Platform) -> list[Any]:
    """The schema of the platform's tables: columns, indexes, constraints, triggers."""
    if platform.database.startswith("sqlite"):
        return sorted(
            platform.query("SELECT tbl_name, name, sql FROM sqlite_master WHERE tbl_name NOT LIKE 'runtask%'")
        )
    owned = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'"
    columns = (
        f"SELECT c.relname, a.attname, a.atttypid::regtype::text {owned} JOIN pg_attribute a ON a.attrelid = c.oid"
    )
    keys = (
        f"SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) {owned} JOIN pg_constraint k ON k.conrelid = c.oid"
    )
    triggers = f"SELECT c.relname, t.tgname, t.tgtype::text {owned} JOIN pg_trigger t ON t.tgrelid = c.oid"
    found = [row for part in (columns, keys, triggers) for row in platform.query(part)]
    return sorted(row for row in found if not row[0].startswith("runtask"))


def tables(platform: Platform) -> list[str]:
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    postgres = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    found = platform.query(sqlite if platform.database.startswith("sqlite") else postgres)
    return sorted(name for (name,) in found if not name.startswith("runtask"))


def rows(platform: Platform) -> dict[str, list[Any]]:
    """Every row of the platform's tables, without Django's rows about our own app."""
    ours = "SELECT id FROM django_content_type WHERE app_label = 'runtask'"
    but = {
        "django_migrations": "WHERE app <> 'runtask'",
        "django_content_type": "WHERE app_label <> 'runtask'",
        "auth_permission": f"WHERE content_type_id NOT IN ({ours})",
    }
    return {
        name: sorted(platform.query(f"SELECT * FROM {name} {but.get(name, '')}"), key=str) for name in tables(platform)
    }


def test_the_platforms_tables_stay_as_they_were(tmp_path: Path, database: str) -> None:
    platform = Platform(tmp_path, database)
    platform.manage("shell", "--command", FILL)
    before = schema(platform), rows(platform)
    done = platform.sidecar("migrate", **TOKENS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Apply all migrations: runtask\n" in done.stdout
    assert (schema(platform), rows(platform)) == before
    assert platform.query("SELECT count(*) FROM runtask_run") == [(0,)]
    assert platform.query("SELECT count(*) FROM django_content_type WHERE app_label = 'runtask'") != [(0,)]

    linked = platform.sidecar("staff", "add", "U1", "ana", "--team", "T1")
    assert linked.stdout == "U1 in T1 may act as ana.\n"
    # The platform's Django knows nothing of the link, and must not be blocked by it.
    platform.manage("shell", "--command", "from django.contrib.auth.models import User; User.objects.all().delete()")
    assert platform.sidecar("staff", "list").stdout == ""


@pytest.mark.nightly
def test_only_the_tables_that_runtask_reads_are_needed(tmp_path: Path, database: str) -> None:
    """The platform has no admin and no sessions. Nothing is recorded for apps that only the sidecar has."""
    needed = ("django.contrib.contenttypes", "django.contrib.auth", "django_celery_beat", "django_celery_results")
    platform = Platform(tmp_path, database, apps=needed)
    platform.manage("migrate", "--verbosity", "0")
    before = schema(platform), rows(platform)
    done = platform.sidecar("migrate", "--verbosity", "0")
    assert done.returncode == 0
    assert "django_session, django_admin_log" in done.stderr
    assert (schema(platform), rows(platform)) == before


@pytest.mark.nightly
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_platform_with_results_elsewhere_needs_no_table_for_results(tmp_path: Path, database: str) -> None:
    platform = Platform(tmp_path, database, apps=tuple(app for app in APPS if app != "django_celery_results"))
    platform.manage("migrate", "--verbosity", "0")
    elsewhere = {"CELERY_RESULT_BACKEND": "redis://127.0.0.1:1/0"}
    done = platform.sidecar("migrate", "--verbosity", "0", **TOKENS, **elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    told = " ".join(platform.sidecar("doctor", **TOKENS, **elsewhere).stdout.split())
    assert "source backend: Celery's result backend" in told
    assert "django_celery_results" not in told


@pytest.fixture
def account(database: str) -> Iterator[tuple[str, Callable[[str], Any]]]:
    """The database's URL for a new account without rights, and a function that executes the owner's statements for it."""
    role = database.rpartition("/")[2]
    with psycopg.connect(database, autocommit=True) as server:
        server.execute(f"CREATE ROLE {role} LOGIN".encode())
        try:
            yield (
                database.replace("postgres@", f"{role}@"),
                lambda sql: server.execute(sql.replace("TO runtask;", f"TO {role};").encode()),
            )
        finally:
            server.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


@pytest.mark.nightly
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_the_rights_in_the_docs_are_enough(
    tmp_path: Path, database: str, account: tuple[str, Callable[[str], Any]]
) -> None:
    platform = Platform(tmp_path, database)
    platform.manage("shell", "--command", FILL + FURTHER_PEOPLE)
    (grants,) = re.findall(r"```sql\n-- Slack\n(.*?)```", Path("docs/sidecar.md").read_text(), re.DOTALL)
    for_slack, for_admin, for_permissions = re.split(r"^-- .*\n", grants, flags=re.MULTILINE)
    secret = {"DJANGO_SECRET_KEY": "x" * 50}
    common = {**TOKENS, **secret, "RUNTASK_DATA": str(tmp_path), "CELERY_BROKER_URL": "memory://"}
    platform.database, as_the_owner = account

    def told(*command: str, **more: str) -> str:
        done = platform.sidecar(*command, **common, **more)
        assert done.returncode == 0, done.stderr
        assert "permission denied" not in done.stderr
        return done.stdout

    as_the_owner(f"{for_slack} GRANT CREATE ON SCHEMA public TO runtask;")
    told("migrate")
    told("staff", "add", "U1", "ana", "--team", "T1")
    rules = tmp_path / "rules.yml"
    rules.write_text("- {name: Nightly, tasks: [shop.nightly], run: [operators]}")
    told("rules", "import", str(rules))
    assert "state: sent" in told("shell", "--command", RUN)
    told("cleanup", "--yes")

    as_the_owner(for_admin)
    assert "302 200 200 200 200 200 302 200" in told("shell", "--command", LOG_IN)

    as_the_owner(for_permissions)
    told("migrate", RUNTASK_ALLOW="permissions")
    as_the_owner(PERMIT)
    assert "state: sent" in told("shell", "--command", RUN, RUNTASK_ALLOW="permissions")
    told("migrate", "runtask", "zero", RUNTASK_ALLOW="permissions")


@pytest.mark.nightly
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_error_about_an_older_platform_says_which_versions_fit(tmp_path: Path, database: str) -> None:
    platform = Platform(tmp_path, database)
    platform.manage("migrate", "--verbosity", "0")
    platform.manage("migrate", "--verbosity", "0", "django_celery_results", "0011")
    warned = platform.sidecar("check", "--database", "default").stderr
    assert "runtask.W014" in warned
    assert "The table django_celery_results_taskresult has no date_started" in warned
    refused = platform.sidecar("notify", **TOKENS)
    assert refused.returncode == 2
    assert "0012_taskresult_date_started adds what is missing. The platform has applied 0011_" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_custom_user_model_is_reported_before_any_table_is_made(tmp_path: Path, database: str) -> None:
    platform = Platform(tmp_path, database, apps=(*APPS, "people"), user="people.Person", models=PEOPLE)
    platform.manage("makemigrations", "--verbosity", "0", "people")
    platform.manage("migrate", "--verbosity", "0")
    before = tables(platform)
    done = platform.sidecar("migrate")
    assert done.returncode == 1
    assert "runtask.E001" in done.stderr
    assert "The database 'default' has no table auth_user" in done.stderr
    assert "give the sidecar a database of its own" in done.stderr
    assert "Traceback" not in done.stderr
    told = platform.sidecar("doctor")
    assert told.returncode == 1
    assert "give the sidecar a database of its own" in " ".join(told.stdout.split())
    assert tables(platform) == before
    assert not [name for (name,) in platform.query("SELECT app FROM django_migrations") if name == "runtask"]
