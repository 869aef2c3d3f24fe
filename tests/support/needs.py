"""Tests need services on their machine. Without one, a test is skipped with the reason; in CI it fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from tests.faults.servers import Missing


@contextmanager
def services() -> Iterator[None]:
    """If the block raises Missing, the test is skipped; in CI it fails."""
    try:
        yield
    except Missing as exc:
        lacks(str(exc))


def lacks(what: str) -> NoReturn:
    if os.environ.get("CI"):  # noqa: TID251  # says where the tests run, no setting of the bot
        pytest.fail(f"CI must have it: {what}")
    pytest.skip(f"needs {what}")
