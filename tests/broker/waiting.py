"""Polls for changes that other processes make, because nothing notifies the test of them."""

import time
from collections.abc import Callable

PATIENCE = 30.0  # seconds until `wait_until` fails


def wait_until(true: Callable[[], object], patience: float = PATIENCE) -> None:
    """Waits until `true` returns something true; otherwise raises AssertionError."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
