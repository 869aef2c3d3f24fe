"""docs/install.md, followed to the letter in a platform that knows nothing of the bot; then the bot is used there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.platform import clean_environment
from tests.e2e.processes import PATIENCE
from tests.e2e.shop import OFFLINE, Shop, virtual_environment
from tests.faults.servers import Missing
from tests.faults.setups import Setup, on_rabbitmq, on_sqlite
from tests.support import guide
from tests.support.local_slack import LocalSlack, Person
from tests.support.wheel import ROOT, copied
from tests.wire.form import errors, opened
from tests.wire.test_thread import FINAL, all_words

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
BLOCKS = list(guide.blocks(ROOT / "docs/install.md"))
STACKS = {"SQLite, Redis": on_sqlite, "PostgreSQL, RabbitMQ": on_rabbitmq}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a clean checkout by the page's own words."""
    checkout = copied(tmp_path_factory.mktemp("checkout"), "bot", "pyproject.toml", "README.md")
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


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    setup = STACKS[request.param](tmp_path_factory.mktemp("stack"))
    try:
        ready = setup.__enter__()
    except Missing as exc:
        if os.environ.get("CI"):  # noqa: TID251  # says where the tests run, no setting of the bot
            pytest.fail(f"CI must have it: {exc}")
        pytest.skip(f"needs a service: {exc}")
    yield ready
    setup.__exit__(None, None, None)


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


def the_end(slack: LocalSlack, person: Person, channel: str) -> tuple[str, str]:
    """The two replies in the thread of the channel's only run, once it has ended."""

    def look() -> tuple[str, str] | None:
        roots = person.messages(channel)
        thread = person.thread(channel, roots[-1]["ts"]) if roots else []
        ended = len(thread) == 2 and FINAL.search(roots[-1]["text"])
        return (all_words(thread[0]), all_words(thread[1])) if ended else None

    return slack.wait_for(look, 30)


RUNS = {  # where, by whom
    "Rebuild search index": ("C0OPS", "U0ANA"),  # tells its progress
    "Send invoices": ("C0GENERAL", "U0ANA"),  # on another queue
    "Export orders": ("C0SHARED", "U0CARA"),  # 280 KB of result
    "Prune carts": ("D0CARA", "U0CARA"),  # ignores its result when beat sends it
}


def test_staff_run_schedules_and_the_platforms_own_admin_shows_the_results(shop: Shop, slack: LocalSlack) -> None:
    slack.reset()
    for name, (channel, user) in RUNS.items():
        opened(slack, slack.person(user), f"/runtask {name}", channel)
        assert slack.person(user).submits()["closed"]
    ends = {name: the_end(slack, slack.person(user), channel) for name, (channel, user) in RUNS.items()}
    results = shop.look("/backoffice/django_celery_results/taskresult/")
    for name, (announced, final) in ends.items():
        [task_id] = re.findall(r"`([0-9a-f-]{36})`", announced)
        assert f"/backoffice/django_celery_results/taskresult/?q={task_id}" in announced
        assert "SUCCESS" in final
        assert re.search(rf'{task_id}.*?periodic_task_name">{name}<', results)


def test_the_platforms_own_signatures_are_known(shop: Shop, slack: LocalSlack) -> None:
    slack.reset()
    ana = slack.person("U0ANA")
    opened(slack, ana, "/runtask export")
    ana.fills("kwargs:", None, '{"rovs": 10}')
    assert 'did you mean "rows"' in errors(ana.submits())["kwargs"]


def test_a_user_who_is_not_staff_is_refused(shop: Shop, slack: LocalSlack) -> None:
    slack.reset()
    ben = slack.person("U0BEN")
    ben.types("C0OPS", "/runtask export")
    [answer] = slack.wait_for(lambda: ben.ephemerals("C0OPS"))
    assert "isn't a staff account" in answer["text"]


def test_it_is_the_wheel_that_runs_and_the_platform_owes_no_migration(shop: Shop, commands: Path) -> None:
    assert shop.run("python", "-c", "import bot; print(bot.__file__)").startswith(str(commands.parent))
    shop.manage("makemigrations", "--check", "--dry-run")
