"""Polls for changes that other processes make, because nothing notifies the test of them."""

import time
from collections.abc import Callable

PATIENCE = 30.0  # seconds until `wait_until` fails


def wait_until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Waits until `condition` returns something true. Raises AssertionError if that takes longer than `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
