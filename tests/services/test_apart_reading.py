"""What a sidecar with its own database reads from a platform's database, and that it can't write there."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.setups import SETUPS, Setup
from tests.services.test_sidecar import TOKENS
from tests.support import needs
from tests.support.dumps import dump
from tests.support.reader import RESULTS, ROW, reader
from tests.support.sidecar import Platform

nightly = pytest.mark.nightly
OLD = f"""
INSERT INTO {RESULTS}_taskresult (task_id, status, content_type, content_encoding, result, date_created, date_done)
VALUES ('t', 'SUCCESS', 'application/json', 'utf-8', '"fine"', now(), now())
"""
NAMES = 'from bot import wiring; print([one.name for one in wiring.catalog().find("", 5).first])'
SESSION = """
from django.db import connections
with connections["platform"].cursor() as cursor:
    cursor.execute("SHOW default_transaction_read_only")
    print(cursor.fetchone()[0])
"""
READ = """
from bot import wiring
from bot.broker.outcomes import newest
from bot.broker.outcomes.rows import RowOutcomes
[found] = RowOutcomes().of("t")
[schedule] = wiring.catalog().find("nightly", 5).first
print(found.status, found.result, found.started_at, newest.run(schedule.name), schedule.name, sep=", ")
"""


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
    before = dump(getattr(servers.server, "url"))  # noqa: B009  # two kinds of servers
    saved = "from django_celery_beat.models import PeriodicTask; PeriodicTask.objects.get(name='Nightly report').save()"
    for attempt in (
        ["shell", "--command", saved],
        ["migrate", "--database", "platform"],
    ):
        done = shop.apart(*attempt)
        assert done.returncode != 0, attempt
        assert "runtask only reads the platform's database" in done.stderr
    kept = shop.apart("shell", "--verbosity", "0", "--command", SESSION)
    assert kept.stdout == "off\n", "a pooler may hand this session on to the platform"
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


@nightly
@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_a_platform_with_older_tables_is_read(shop: Platform, servers: Setup) -> None:
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
        assert f"GRANT SELECT ON {RESULTS}_taskresult TO" in " ".join(told.stdout.split())
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


@nightly
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
