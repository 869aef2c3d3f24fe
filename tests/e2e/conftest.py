"""Fixtures of the tests with real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from localslack.testing import LocalSlack
from tests.e2e import guided
from tests.e2e.hands import PATIENCE
from tests.e2e.platform import Platform
from tests.e2e.shop import virtual_environment


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


@pytest.fixture(scope="module")
def platform(slack: LocalSlack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A migrated installation with a worker; tests start the bot as they like."""
    with Platform(tmp_path_factory.mktemp("platform"), slack) as installed:
        installed.schedules(
            {"name": "Nightly report", "task": "tests.wire.report", "kwargs": '{"days": 7}'},
            {"name": "Slow", "task": "tests.wire.progress", "kwargs": '{"steps": 12}'},
        )
        installed.start_worker()
        yield installed


@pytest.fixture
def page(browser: Browser, slack: LocalSlack) -> Iterator[Page]:
    """A page of the local Slack, which forgets what earlier tests left there."""
    slack.reset()
    context = browser.new_context(viewport={"width": 1100, "height": 880}, device_scale_factor=1.5)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)  # by default 5 s, which is too short on a busy machine
    yield page
    context.close()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return guided.built(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment without the wheel."""
    return virtual_environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def screenshots(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder for pictures of the page: --screenshots DIR, or a temporary folder."""
    folder = request.config.getoption("--screenshots")
    return Path(folder) if folder else tmp_path
