"""Fixtures and options for all tests, and the choice of the tests that a plain `pytest` runs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from celery._state import set_default_app
from django.db import connection
from django.test import TransactionTestCase

import bot.site_urls  # noqa: F401  # imported now, because a test without the admin or beat would import it without pages
from bot.celery import app
from bot.runs import clock
from localslack.testing.browser import browser  # noqa: F401  # a fixture
from tests.support import emptied, migrated

HERE = Path(__file__).parent
MARKED = {
    "wire": "slow",
    "migrations": "slow",
    "demo": "slow",
    "services": "service",
    "e2e": "e2e",
    "faults/test_short.py": "nightly",
}
FAST = "not (slow or service or e2e or nightly)"

# A busy machine must not fail a property for being slow. Runs in CI are repeatable. HYPOTHESIS_PROFILE=nightly tries more
# examples, and other ones each time.
hypothesis.settings.register_profile("quick", max_examples=20, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=20, deadline=None, derandomize=True)
hypothesis.settings.register_profile("nightly", max_examples=500, deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", metavar="DIR", help="keep the pictures that the browser tests take in this folder"
    )
    parser.addoption("--write-docs", action="store_true", help="write the tables in docs/ that tests make")


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Like pytest-django's fixture, but several processes on SQLite migrate only once, and emptying the database is fast."""
    TransactionTestCase._fixture_teardown = emptied.empty  # type: ignore[attr-defined]  # Django doesn't document it

    def migrate() -> None:
        request.getfixturevalue("django_db_setup")  # pytest-django's fixture, which this one hides

    if hasattr(request.config, "workerinput") and connection.vendor == "sqlite":
        with django_db_blocker.unblock():
            migrated.copied(tmp_path_factory.getbasetemp().parent, migrate)
    else:
        migrate()


@pytest.fixture
def django_assert_num_queries(db: None, django_assert_num_queries: Any) -> Any:
    """Reads the database's clock first, so that this query isn't counted."""
    clock.now()
    return django_assert_num_queries


@pytest.fixture(autouse=True)
def default_app() -> None:
    """Makes ours Celery's default app again: a worker in an earlier test has made its own app the default one."""
    set_default_app(app)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A plain `pytest` is fast and needs no services. A test that is named on the command line runs whatever its marks."""
    option = config.option
    # xdist would begin with the files that have most tests. We begin with the slowest files.
    option.loadscopereorder = False
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.markexpr:
        return
    option.markexpr = FAST
    is_worker = hasattr(config, "workerinput")
    if option.numprocesses is None and not option.usepdb and not is_worker:
        option.numprocesses = "auto"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Marks tests before pytest chooses some. Files that wait for processes go first, because other files can run beside them."""
    marks = {path: _marks(path) for path in {item.path for item in items}}  # once for each file
    for item in items:
        for mark in marks[item.path]:
            item.add_marker(mark)
    yield  # here, pytest chooses and shuffles the tests
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    slowest = {item.path for item in items for mark in ("service", "e2e") if item.get_closest_marker(mark)}
    items.sort(key=lambda item: (item.path not in slowest, item.path not in slow))


def _marks(path: Path) -> list[str]:
    return [mark for place, mark in MARKED.items() if path.is_relative_to(HERE / place)]
