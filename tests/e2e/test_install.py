"""docs/install.md is followed to the letter in a platform without the bot. Then the bot is used there."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localslack.testing import LocalSlack
from tests.e2e import guided
from tests.e2e.platform import clean_environment
from tests.e2e.shop import OFFLINE, Shop
from tests.faults.servers import Missing
from tests.faults.setups import Setup, on_mariadb, on_rabbitmq, on_sqlite
from tests.support import guide, needs
from tests.support.visitor import Visitor
from tests.wire.form import errors, opened


@contextmanager
def on_mariadb_with_zones(folder: Path) -> Iterator[Setup]:
    """The admin of results asks the server for dates in the site's zone, and MariaDB must know that zone."""
    with on_mariadb(folder) as setup:
        assert setup.server is not None
        if setup.server.rows("SELECT CONVERT_TZ('2026-01-01', 'UTC', 'Europe/Madrid') IS NULL") != [(0,)]:
            raise Missing("MariaDB's time zones: mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql")
        yield setup


STACKS = {"SQLite, Redis": on_sqlite, "PostgreSQL, RabbitMQ": on_rabbitmq, "MariaDB, Redis": on_mariadb_with_zones}
FIRST, *OTHERS = STACKS


@pytest.fixture(scope="module", params=[FIRST, *(pytest.param(name, marks=pytest.mark.nightly) for name in OTHERS)])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    with needs.services(), STACKS[request.param](tmp_path_factory.mktemp("stack")) as ready:
        yield ready


@pytest.fixture(scope="module")
def shop(
    stack: Setup, commands: Path, wheel: Path, slack: LocalSlack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """The platform as its team had it, then with the bot, then with its workers started again."""
    path = f"{commands}{os.pathsep}{os.defpath}"
    environment = clean_environment(PATH=path, PYTHONPATH="", **OFFLINE, **stack.environment)
    with Shop(tmp_path_factory.mktemp("shop"), environment) as platform:
        platform.prepare()
        guided.follow(platform, slack, wheel, lambda block: guide.change(platform.where / block.about, block.text))
        platform.start_worker()
        guided.wait(platform, slack)
        yield platform


@pytest.fixture(scope="module")
def site(shop: Shop) -> str:
    """The platform's own web server, started again after the installation."""
    return shop.start_web()


@pytest.fixture
def ana(site: str) -> Visitor:
    """Ana, logged in to the platform's own admin."""
    visitor = Visitor(site)
    visitor.opens("/backoffice/login/?next=/backoffice/")
    visitor.sends(username="ana@example.com", password="ana")
    assert visitor.address.endswith("/backoffice/"), visitor.page
    return visitor


RESULTS = "/backoffice/django_celery_results/taskresult/"
RUNS = {  # by schedule: the channel, and who runs it there
    "Rebuild search index": ("C0OPS", "U0ANA"),  # tells its progress
    "Send invoices": ("C0GENERAL", "U0ANA"),  # on another queue
    "Export orders": ("C0QUIET", "U0ANA"),  # 280 KB of result
    "Prune carts": ("D0CARA", "U0CARA"),  # ignores its result when beat sends it
}


def test_staff_run_schedules_from_slack_and_the_platforms_own_admin_shows_the_results(
    shop: Shop, slack: LocalSlack, ana: Visitor
) -> None:
    slack.reset()
    for name, (channel, user) in RUNS.items():
        opened(slack, slack.person(user), f"/runtask {name}", channel)
        assert slack.person(user).submits()["closed"]
    ends = {name: guided.the_end(shop, slack, slack.person(user), channel) for name, (channel, user) in RUNS.items()}
    results = ana.opens(RESULTS)
    for name, (announced, final) in ends.items():
        [task_id] = re.findall(r"`([0-9a-f-]{36})`", announced)
        assert "/runtask/runs/" in announced or f"{RESULTS}?q={task_id}" in announced
        assert "SUCCESS" in final
        assert re.search(rf'{task_id}.*?periodic_task_name">{name}<', results)


def test_staff_run_schedules_from_the_web_and_the_platforms_own_admin_shows_the_results(
    slack: LocalSlack, ana: Visitor
) -> None:
    ana.opens("/runtask/?q=invoices")
    [form] = re.findall(r'href="([^"]*schedule=\d+)"', ana.page)
    ana.opens(form)
    assert "mail" in ana.page
    ana.sends("/runtask/", kwargs='{"month": "2026-02"}')
    assert re.search(r"/runtask/runs/\d+/$", ana.address), ana.page
    said = slack.wait_for(lambda: (now := ana.reads("state"))["is_final"] and now["words"], 30)
    assert said.startswith("SUCCESS")
    [task_id] = set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", ana.page))
    assert re.search(rf'{task_id}.*?periodic_task_name">Send invoices<', ana.opens(f"{RESULTS}?q={task_id}"))


def test_the_platforms_own_signatures_are_known(shop: Shop, slack: LocalSlack) -> None:
    slack.reset()
    cara = slack.person("U0CARA")
    opened(slack, cara, "/runtask export")
    cara.fills("kwargs:", None, '{"rovs": 10}')
    assert 'did you mean "rows"' in errors(cara.submits())["kwargs"]


def test_a_user_who_is_not_staff_is_refused(shop: Shop, slack: LocalSlack) -> None:
    slack.reset()
    ben = slack.person("U0BEN")
    ben.types("C0OPS", "/runtask export")
    [answer] = slack.wait_for(lambda: ben.ephemerals("C0OPS"))
    assert "isn't linked to a staff account" in answer["text"]


def test_the_wheel_runs_and_the_platform_needs_no_migration(shop: Shop, commands: Path) -> None:
    assert shop.run("python", "-c", "import bot; print(bot.__file__)").startswith(str(commands.parent))
    shop.manage("makemigrations", "--check", "--dry-run")
