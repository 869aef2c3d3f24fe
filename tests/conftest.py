"""What all tests share."""

import os

import pytest
from hypothesis import settings

from localslack.testing.browser import browser  # noqa: F401  # a fixture

# A machine under load must not fail a property for being slow; CI's runs are repeatable.
settings.register_profile("quick", max_examples=60, deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", metavar="DIR", help="keep the pictures that the browser tests take in this folder"
    )
    parser.addoption("--write-docs", action="store_true", help="write the tables in docs/ that tests make")
