"""docs/install.md, followed to the letter in a platform that knows nothing of the bot; then the bot is used there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localslack.testing import LocalSlack, Person
from tests.e2e.platform import clean_environment
from tests.e2e.processes import PATIENCE
from tests.e2e.shop import OFFLINE, Shop, virtual_environment
from tests.faults.servers import Missing
from tests.faults.setups import Setup, on_mariadb, on_rabbitmq, on_sqlite
from tests.support import guide, needs
from tests.support.visitor import Visitor
from tests.support.wheel import PRODUCT, ROOT, copied
from tests.wire.form import errors, opened
from tests.wire.test_thread import FINAL, all_words

BLOCKS = list(guide.blocks(ROOT / "docs/install.md"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a clean checkout by the page's own words."""
    checkout = copied(tmp_path_factory.mktemp("checkout"), *PRODUCT)
    [build] = (block.text for block in BLOCKS if block.about == "checkout")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    subprocess.run(
        ["sh", "-ec", build], cwd=checkout, env=clean_environment(PATH=path, **OFFLINE), check=True, timeout=120
    )
    [built] = (checkout / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of the platform's environment."""
    return virtual_environment(tmp_path_factory.mktemp("environment") / "venv")


@contextmanager
def on_mariadb_with_zones(folder: Path) -> Iterator[Setup]:
    """The results' admin asks the server what day it is on the site (Django: time zone definitions)."""
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
        (platform.where / wheel.name).write_bytes(wheel.read_bytes())
        follow_the_page(platform, slack)
        platform.start_worker()
        yield platform


@pytest.fixture(scope="module")
def site(shop: Shop) -> str:
    """The platform's own web server, started again after the installation."""
    return shop.start_web()


@pytest.fixture
def ana(site: str) -> Visitor:
    """Logged in to the platform's own admin."""
    visitor = Visitor(site)
    visitor.opens("/backoffice/login/?next=/backoffice/")
    visitor.sends(username="ana@example.com", password="ana")
    assert visitor.address.endswith("/backoffice/"), visitor.page
    return visitor


def follow_the_page(shop: Shop, slack: LocalSlack) -> None:
    """Every block of it, in order, as in one terminal. What differs from the letter: the tokens, and where Slack is."""
    exports = [f"export SLACK_API_URL={slack.api_url}"]
    for block in BLOCKS:
        text = block.text.replace("xoxb-…", slack.bot_token).replace("xapp-…", slack.app_token)
        if block.language == "diff":
            guide.change(shop.where / block.about, text)
        elif block.about == "start":
            *before, last = text.splitlines()
            shop.start("slack", "sh", "-ec", "\n".join([*exports, *before, f"exec {last}"]))  # signals reach it
        elif block.about != "checkout":
            shop.run("sh", "-ec", "\n".join([*exports, text]))
            exports += [line for line in text.splitlines() if line.startswith("export ")]
    slack.wait_for_app(timeout=PATIENCE)


def the_end(shop: Shop, slack: LocalSlack, person: Person, channel: str) -> tuple[str, str]:
    """The two replies in the thread of the channel's only run, once it has ended."""

    def told() -> list[str]:
        """The root's words, and those of the replies."""
        roots = person.messages(channel)
        return [roots[-1]["text"], *map(all_words, person.thread(channel, roots[-1]["ts"]))] if roots else []

    try:
        slack.wait_for(lambda: len(now := told()) == 3 and FINAL.search(now[0]), PATIENCE)
    except AssertionError:
        logs = "\n".join(shop.log(name)[-2000:] for name in ("worker", "slack"))
        pytest.fail(f"not told in {channel} how it ended, but only: {told()}\n{logs}")
    _, announced, final = told()
    return announced, final


RESULTS = "/backoffice/django_celery_results/taskresult/"
RUNS = {  # where, by whom
    "Rebuild search index": ("C0OPS", "U0ANA"),  # tells its progress
    "Send invoices": ("C0GENERAL", "U0ANA"),  # on another queue
    "Export orders": ("C0SHARED", "U0CARA"),  # 280 KB of result
    "Prune carts": ("D0CARA", "U0CARA"),  # ignores its result when beat sends it
}


def test_staff_run_schedules_from_slack_and_the_platforms_own_admin_shows_the_results(
    shop: Shop, slack: LocalSlack, ana: Visitor
) -> None:
    slack.reset()
    for name, (channel, user) in RUNS.items():
        opened(slack, slack.person(user), f"/runtask {name}", channel)
        assert slack.person(user).submits()["closed"]
    ends = {name: the_end(shop, slack, slack.person(user), channel) for name, (channel, user) in RUNS.items()}
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
    assert "isn't a staff account" in answer["text"]


def test_it_is_the_wheel_that_runs_and_the_platform_owes_no_migration(shop: Shop, commands: Path) -> None:
    assert shop.run("python", "-c", "import bot; print(bot.__file__)").startswith(str(commands.parent))
    shop.manage("makemigrations", "--check", "--dry-run")
