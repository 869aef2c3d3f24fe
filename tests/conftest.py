"""What all tests share: which of them `pytest` runs by itself, and options."""

import os
from pathlib import Path

import hypothesis
import pytest

from localslack.testing.browser import browser  # noqa: F401  # a fixture

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
# examples, and others each time.
hypothesis.settings.register_profile("quick", max_examples=20, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=20, deadline=None, derandomize=True)
hypothesis.settings.register_profile("nightly", max_examples=500, deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", metavar="DIR", help="keep the pictures that the browser tests take in this folder"
    )
    parser.addoption("--write-docs", action="store_true", help="write the tables in docs/ that tests make")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """`pytest` alone is fast and needs nothing. A test that is named on the command line runs whatever its marks."""
    option = config.option
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.markexpr:
        return
    option.markexpr = FAST
    is_worker = hasattr(config, "workerinput")
    if option.numprocesses is None and not option.usepdb and not is_worker:
        option.numprocesses = "auto"


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marks = {path: _marks(path) for path in {item.path for item in items}}  # a file has many tests
    for item in items:
        for mark in marks[item.path]:
            item.add_marker(mark)


def _marks(path: Path) -> list[str]:
    return [mark for place, mark in MARKED.items() if path.is_relative_to(HERE / place)]
