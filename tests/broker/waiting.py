"""Waiting for what other processes do, of which nobody tells us."""

import time
from collections.abc import Callable

PATIENCE = 30.0  # seconds


def wait_until(true: Callable[[], object], patience: float = PATIENCE) -> None:
    """Raises AssertionError when `true` doesn't come true."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
