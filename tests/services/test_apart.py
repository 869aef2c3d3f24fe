"""A sidecar with its own database, beside platforms of any kind: it only reads their schedules and results."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import pytest

from localslack.testing import LocalSlack
from tests.e2e.platform import Platform as Processes
from tests.faults.setups import SETUPS, Setup, results_in_redis
from tests.services.test_sidecar import TOKENS
from tests.support import needs
from tests.support.dumps import dump
from tests.support.sidecar import APPS, Platform
from tests.wire.conftest import OPS, SCOPES
from tests.wire.form import opened
from tests.wire.test_thread import all_words, finished

nightly = pytest.mark.nightly
RESULTS = "django_celery_results"
READER = "runtask_reader"  # the account's name in docs/sidecar.md
PEOPLE = """
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
"""
ROW = """
from django_celery_beat.models import IntervalSchedule, PeriodicTask
every, _ = IntervalSchedule.objects.get_or_create(every=1, period="days")
PeriodicTask.objects.create(name="Nightly report", task="shop.report", interval=every, kwargs='{"days": 7}')
"""
WORKER = """
from celery import Celery
app = Celery("shop")
app.conf.update(
    broker_url=BROKER, result_backend=RESULTS, result_extended=True, task_default_queue="shop", **FURTHER
)
@app.task(name="shop.report")
def report(days: int = 1) -> dict:
    return {"rows": days}
"""


class Beside(Processes):
    """The sidecar's processes, and a worker of the platform."""

    def __enter__(self) -> Self:
        self.runtask("migrate", "--verbosity", "0")
        self.runtask("staff", "add", "U0ANA", "ana", "--team", "T0LOCAL", "--create")
        return self

    def start_platforms_worker(self) -> None:
        theirs = {"PYTHONPATH": f"{self.folder}:{self.environment['PYTHONPATH']}", "DJANGO_SETTINGS_MODULE": "shop"}
        self._start("worker", "-m", "celery", "-A", "shop_worker", "worker", "-E", "-P", "solo", "-l", "info", **theirs)
        self.wait("worker", lambda: " ready." in self.log("worker"))


@dataclass(frozen=True)
class Case:
    """A platform: its servers, the place of its results, and its other settings."""

    servers: str
    results: str
    worker: str = "{}"  # more settings of the platform's Celery app, as Python
    sidecar: tuple[tuple[str, str], ...] = ()  # the operator's variables for the sidecar


QUORUM = "dict(task_default_queue_type='quorum', worker_detect_quorum_queues=True)"
PREFIX = ("CELERY_BROKER_TRANSPORT_OPTIONS", '{"global_keyprefix": "shop:"}')
PREFIXED = "dict(broker_transport_options={'global_keyprefix': 'shop:'})"
QUEUE = ("CELERY_TASK_DEFAULT_QUEUE", "shop")
IMPORTED = ("RUNTASK_CELERY_APP", "shop_worker:app")
CASES = {
    "PostgreSQL, quorum queues, events": Case("rabbitmq", "events", QUORUM, (QUEUE,)),
    "MariaDB, prefixed keys, results in Redis": Case("mariadb", "redis", PREFIXED, (QUEUE, PREFIX)),
    "PostgreSQL, its own app, results in Redis": Case("rabbitmq", "redis", sidecar=(IMPORTED,)),
    "MariaDB, events": Case("mariadb", "events", sidecar=(QUEUE,)),
    "PostgreSQL, rows": Case("rabbitmq", "rows", sidecar=(QUEUE,)),
    "MariaDB, rows": Case("mariadb", "rows", sidecar=(QUEUE,)),
    "PostgreSQL, no results": Case("rabbitmq", "none", sidecar=(QUEUE,)),
}
IN_GATE = 2
OLD = f"""
INSERT INTO {RESULTS}_taskresult (task_id, status, content_type, content_encoding, result, date_created, date_done)
VALUES ('t', 'SUCCESS', 'application/json', 'utf-8', '"fine"', now(), now())
"""
NAMES = 'from bot import wiring; print([one.name for one in wiring.catalog().find("", 5).first])'
READ = """
from bot import wiring
from bot.broker.outcomes import newest
from bot.broker.outcomes.rows import RowOutcomes
[found] = RowOutcomes().of("t")
[schedule] = wiring.catalog().find("nightly", 5).first
print(found.status, found.result, found.started_at, newest.run(schedule.name), schedule.name, sep=", ")
"""


@dataclass
class Site:
    """A platform with a worker, and a sidecar with two processes."""

    case: Case
    owner: str  # the address of the platform's database for its owner, past the proxy
    slack: LocalSlack
    beside: Beside

    def dump(self) -> str:
        with needs.services():
            return dump(self.owner, but=f"{RESULTS}_taskresult" if self.case.results == "rows" else "")


def grants(kind: str) -> str:
    """The SQL that docs/sidecar.md gives to the owner of the platform's database."""
    page = Path("docs/sidecar.md").read_text()
    [found] = re.findall(rf"-- {kind}\n(.*?)```", page, re.DOTALL)
    return str(found)


def reader(setup: Setup, stack: ExitStack, *, has_results: bool) -> str:
    """The database's address for the sidecar's account, which has exactly the rights in docs/sidecar.md."""
    address = urlsplit(setup.environment["DATABASE_URL"])
    database, is_mariadb = address.path.strip("/"), address.scheme == "mysql"
    statements = grants("MariaDB" if is_mariadb else "PostgreSQL").replace("shop.", f"{database}.").replace("…", "x")
    name = f"{READER}_{database[-8:]}"
    for statement in statements.replace(READER, name).split(";"):
        if statement.strip() and (has_results or RESULTS not in statement):
            setup.rows(statement)
    stack.callback(setup.rows, f"DROP USER {name}" if is_mariadb else f"DROP OWNED BY {name}; DROP ROLE {name}")
    return urlunsplit(address._replace(netloc=f"{name}:x@{address.hostname}:{address.port}"))


@pytest.fixture(params=[pytest.param(name, marks=[nightly] * (at >= IN_GATE)) for at, name in enumerate(CASES)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    case = CASES[request.param]
    with ExitStack() as stack:
        with needs.services():
            setup = stack.enter_context(SETUPS[case.servers](tmp_path))
            store = stack.enter_context(results_in_redis())[0] if case.results == "redis" else "django-db"
        has_results, owner = case.results == "rows", getattr(setup.server, "url")  # noqa: B009  # two kinds of servers
        apps = tuple(app for app in APPS if has_results or app != RESULTS)
        platform = Platform(tmp_path, owner, apps=(*apps, "people"), user="people.Person", models=PEOPLE)
        platform.manage("makemigrations", "--verbosity", "0", "people")
        platform.manage("migrate", "--verbosity", "0")
        platform.manage("shell", "--command", ROW)
        broker = setup.environment["CELERY_BROKER_URL"]
        backend = store if case.results in ("redis", "rows") else None
        worker = f"BROKER, RESULTS, FURTHER = {broker!r}, {backend!r}, {case.worker}\n{WORKER}"
        (tmp_path / "shop_worker.py").write_text(worker)
        slack = stack.enter_context(LocalSlack(scopes=SCOPES))
        environment = {
            "RUNTASK_SIDECAR": "1",
            "PLATFORM_DATABASE_URL": reader(setup, stack, has_results=has_results),
            "CELERY_BROKER_URL": broker,
            "CELERY_RESULT_BACKEND": backend or "disabled",
            "RUNTASK_IMPORTS": "",
            **({"RUNTASK_OUTCOMES": case.results} if case.results in ("events", "none") else {}),
            **dict(case.sidecar),
        }
        if IMPORTED in case.sidecar:
            environment["PYTHONPATH"] = f"{tmp_path}:{Path.cwd()}"
        yield Site(case, owner, slack, stack.enter_context(Beside(tmp_path, slack, **environment)))


def test_a_run_ends_and_no_byte_of_the_platforms_database_changes(site: Site) -> None:
    before, beside, ana = site.dump(), site.beside, site.slack.person("U0ANA")
    beside.start_platforms_worker()
    beside.start_notifier()
    beside.start_bot()
    opened(site.slack, ana, "/runtask nightly")
    ana.fills("kwargs:", None, '{"days": 30}')
    assert ana.submits()["closed"]
    if site.case.results == "none":
        root = site.slack.wait_for(lambda: next(iter(ana.messages(OPS)), None))
        _, end = site.slack.wait_for(lambda: found if len(found := ana.thread(OPS, root["ts"])) == 2 else None)
        assert "keeps no results of this task" in all_words(end)
    else:
        root, [_, end] = finished(site.slack, ana)
        assert "SUCCESS" in all_words(end)
        assert re.search(r"""["']rows["']: 30""", all_words(end))
    assert "days: 7 -> 30" in all_words(root)
    told = " ".join(beside.runtask("doctor", "--json").split())
    assert '"level": "problem"' not in told
    assert "only reads the platform's" in told
    assert site.dump() == before


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setup]:
    with needs.services(), SETUPS[request.param](tmp_path) as ready:
        yield ready


@pytest.fixture
def shop(servers: Setup, tmp_path: Path) -> Platform:
    """A platform whose account for the sidecar may do everything."""
    platform = Platform(tmp_path, servers.environment["DATABASE_URL"])
    platform.manage("migrate", "--verbosity", "0")
    platform.manage("shell", "--command", ROW)
    return platform


@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_the_sidecar_writes_nothing_even_if_its_account_may(shop: Platform, servers: Setup) -> None:
    assert shop.apart("migrate", "--verbosity", "0").returncode == 0
    before = dump(getattr(servers.server, "url"))  # noqa: B009  # as above
    saved = "from django_celery_beat.models import PeriodicTask; PeriodicTask.objects.get(name='Nightly report').save()"
    for attempt in (
        ["shell", "--command", saved],
        ["migrate", "--database", "platform"],
    ):
        done = shop.apart(*attempt)
        assert done.returncode != 0, attempt
        assert "in a read-only transaction" in done.stderr
    assert dump(getattr(servers.server, "url")) == before  # noqa: B009


@nightly
def test_a_file_is_opened_for_reading_only(tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    platform = Platform(tmp_path, f"sqlite:///{file}")
    assert "unable to open database file" in platform.apart("doctor", **TOKENS).stdout
    assert not file.exists()
    platform.manage("migrate", "--verbosity", "0")
    platform.manage("shell", "--command", ROW)
    before = file.read_bytes()
    platform.apart("migrate", "--verbosity", "0")
    told = platform.apart("shell", "--verbosity", "0", "--command", NAMES)
    assert told.stdout == "['Nightly report']\n", told.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_an_older_platform_is_read_without_its_missing_columns(shop: Platform, servers: Setup) -> None:
    """The tables are as beat 2.2 and results 2.0 made them."""
    shop.manage("migrate", "--verbosity", "0", "django_celery_results", "0010")
    shop.manage("migrate", "--verbosity", "0", "django_celery_beat", "0015")
    servers.rows(OLD)
    shop.apart("migrate", "--verbosity", "0")
    read = shop.apart("shell", "--verbosity", "0", "--command", READ)
    assert read.stdout == "SUCCESS, fine, None, None, Nightly report\n", read.stderr
    told = " ".join(shop.apart("doctor", **TOKENS).stdout.split())
    assert "the platform's table has no date_started, periodic_task_name" in told
    assert shop.apart("check", "--database", "default").returncode == 0


@nightly
@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_a_table_that_the_account_may_not_read_is_named(shop: Platform, servers: Setup) -> None:
    with ExitStack() as stack:
        shop.database = reader(servers, stack, has_results=True)
        shop.apart("migrate", "--verbosity", "0")
        servers.rows(f"REVOKE SELECT ON {RESULTS}_taskresult FROM {urlsplit(shop.database).username}")
        told = shop.apart("doctor", **TOKENS)
        assert told.returncode == 1
        assert f"GRANT SELECT ON {RESULTS}_taskresult TO" in told.stdout
        refused = shop.apart("notify", **TOKENS)
        assert refused.returncode == 2
        assert f"This account may not read the table {RESULTS}_taskresult." in refused.stderr


@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_the_sidecar_refuses_the_platforms_database_as_its_own(shop: Platform, servers: Setup) -> None:
    before = dump(getattr(servers.server, "url"))  # noqa: B009
    mixed_up = {"DATABASE_URL": shop.database, **TOKENS}
    refused = shop.apart("migrate", **mixed_up)
    assert refused.returncode == 1
    assert "runtask.E002" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert shop.apart("notify", **mixed_up).returncode == 2
    assert "it has beat's table of schedules" in " ".join(shop.apart("doctor", **mixed_up).stdout.split())
    alone = shop.apart("check", RUNTASK_SIDECAR="0")
    assert "PLATFORM_DATABASE_URL is only for a sidecar: set RUNTASK_SIDECAR=1, too" in alone.stderr
    assert dump(getattr(servers.server, "url")) == before  # noqa: B009


ZONE = "Asia/Tokyo"
LOCAL = """
from datetime import datetime
from django_celery_beat.models import ClockedSchedule, PeriodicTask
clocked = ClockedSchedule.objects.create(clocked_time=datetime(2030, 1, 2, 3, 4))
PeriodicTask.objects.update(expires=datetime(2030, 1, 2, 3, 4), interval=None, clocked=clocked, one_off=True)
"""
MOMENTS = """
from bot import wiring
[brief] = wiring.catalog().find("nightly", 5).first
schedule = wiring.catalog().get(brief.id)
print(schedule.columns["expires"].isoformat(), wiring.catalog().when(schedule), sep=", ")
"""


@pytest.mark.parametrize("servers", ["mariadb"], indirect=True)
def test_local_times_of_a_platform_are_read_in_its_zone(servers: Setup, tmp_path: Path) -> None:
    platform = Platform(tmp_path, servers.environment["DATABASE_URL"], zone=ZONE)
    platform.manage("migrate", "--verbosity", "0")
    platform.manage("shell", "--command", ROW + LOCAL)
    platform.apart("migrate", "--verbosity", "0")
    read = platform.apart("shell", "--verbosity", "0", "--command", MOMENTS, PLATFORM_TIME_ZONE=ZONE)
    assert read.stdout == "2030-01-02T03:04:00+09:00, once, at 2030-01-02 03:04 JST\n", read.stderr
    told = " ".join(platform.apart("doctor", **TOKENS).stdout.split())
    assert "read as UTC, but the last change of a schedule would be" in told
    assert "PLATFORM_TIME_ZONE must be its TIME_ZONE" in told
    told = " ".join(platform.apart("doctor", PLATFORM_TIME_ZONE=ZONE, **TOKENS).stdout.split())
    assert f"the platform's dates are read as {ZONE}" in told
    assert "the last change" not in told
